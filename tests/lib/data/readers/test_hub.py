"""The hub's schemas, good and damaged, and the real client against a stand-in server on the loopback."""

import multiprocessing
import operator
from concurrent.futures import ProcessPoolExecutor

import numpy as np
import pytest

from lib.data import tasks
from lib.data.datasets import open_task
from lib.data.readers.checks import check_decodable
from lib.data.readers.errors import DataError
from tests import miniatures

ALL = (*tasks.NAMES, tasks.CONTROL)
COMMIT = "0123456789abcdef0123456789abcdef01234567"


@pytest.fixture
def local(tmp_path, monkeypatch):
    """Read files of tmp_path where a fetched snapshot would be."""
    monkeypatch.setattr("lib.data.hub_client.fetch", lambda repo, revision, patterns, cache: tmp_path)
    return tmp_path


def opened(name, counts, **options):
    return open_task(name, "hub", root=None, options={"expected_counts": counts, "revision": COMMIT, **options})


@pytest.mark.parametrize("name", ALL)
def test_rows_are_the_right_images(name, local):
    counts = miniatures.hub(name, local, train=2, test=1, shards=2)
    task = opened(name, counts)
    assert task.class_names == tasks.read(name).class_names
    assert task.val is None
    assert task.origin["repo"] == tasks.read(name).hub.repo
    assert task.origin["revision"] == COMMIT
    for split in counts:
        rows = getattr(task, split)
        assert len(rows) == counts[split]
        for row in range(0, len(rows), max(1, len(rows) // 50)):
            assert rows.image(row).getpixel((0, 0)) == miniatures.colour(int(rows.labels[row]), split)


def test_eurosat_declares_that_it_has_no_validation_split(local):
    counts = miniatures.hub("eurosat", local)
    assert "19440/2160" in opened("eurosat", counts).deviations[0]


def test_recorded_revision_is_the_default(local):
    counts = miniatures.hub("dtd", local)
    task = open_task("dtd", "hub", root=None, options={"expected_counts": counts})
    assert task.origin["revision"] == tasks.read("dtd").hub.revision


@pytest.mark.parametrize("name", ALL)
def test_benchmark_counts_are_required_by_default(name, local):
    miniatures.hub(name, local)
    with pytest.raises(DataError, match="wrong split size"):
        open_task(name, "hub", root=None, options={"revision": COMMIT})


def other_names(local, name, names):
    task = tasks.read(name)
    classes = len(task.class_names)
    for split, pattern in task.hub.files.items():
        file = local / pattern.replace("*", "00000-of-00001")
        miniatures.parquet(file, list(range(classes)), split, names)
    return {"train": classes, "test": classes}


def test_label_order_that_differs_is_refused_unless_told_what_to_follow(local):
    names = list(tasks.read("resisc45").class_names)
    names.insert(13, names.pop(1))  # airport after golf course
    counts = other_names(local, "resisc45", names)
    with pytest.raises(DataError, match=r"label order differs: got 1: 'baseball diamond'.*label_order to by_name"):
        opened("resisc45", counts)
    by_name, by_position = (opened("resisc45", counts, label_order=order) for order in ("by_name", "by_position"))
    assert by_name.train.labels[13] == 1
    assert by_position.train.labels[13] == 13
    assert by_name.train.image(13).getpixel((0, 0)) == miniatures.colour(13, "train")
    assert sorted(by_name.train.labels) == list(range(45))
    assert by_name.origin["label_order"] == "by_name"


def test_labels_sorted_as_words_are_refused(local):
    counts = other_names(local, "gtsrb", sorted(map(str, range(43))))
    with pytest.raises(DataError, match="label order differs: got 2: '10', 3: '11'"):
        opened("gtsrb", counts)


def test_other_names_are_refused_also_by_name(local):
    counts = other_names(local, "svhn", [*"012345678", "nine"])
    for order in ("as_listed", "by_name"):
        with pytest.raises(DataError, match="label names differ: got 9: 'nine', expected 9: '9'"):
            opened("svhn", counts, label_order=order)


def test_one_class_more_is_refused(local):
    counts = other_names(local, "mnist", [*map(str, range(11))])
    with pytest.raises(DataError, match="got 11 classes, expected 10 classes"):
        opened("mnist", counts)


def test_spelling_of_names_does_not_matter(local):
    counts = other_names(local, "dtd", [name.upper().replace("-", "_") for name in tasks.read("dtd").class_names])
    assert opened("dtd", counts).class_names[30] == "polka-dotted"


def test_file_without_names(local):
    counts = other_names(local, "mnist", None)
    with pytest.raises(DataError, match="no class names for the column 'label'"):
        opened("mnist", counts)
    assert len(opened("mnist", counts, label_order="by_position").train) == 10


def test_missing_class_and_labels_that_a_test_split_hides(local):
    counts = miniatures.hub("svhn", local)
    file = local / "cropped_digits" / "test-00000-of-00001.parquet"
    miniatures.parquet(file, [0, 1, 2, 3, 4, 5, 6, 7, 8, 8], "test", [*"0123456789"])
    with pytest.raises(DataError, match="classes without an image in test: got none of 9"):
        opened("svhn", counts)
    miniatures.parquet(file, [-1] * 10, "test", [*"0123456789"])
    with pytest.raises(DataError, match="labels of test out of range: got -1"):
        opened("svhn", counts)


def test_damaged_files_are_named(local):
    counts = miniatures.hub("cars", local, shards=3)
    file = local / "data" / "train-00001-of-00003.parquet"
    whole = file.read_bytes()
    file.write_bytes(whole[: len(whole) // 2])
    with pytest.raises(DataError, match=rf"{file.name}: got ArrowInvalid.*truncated or not parquet"):
        opened("cars", counts)
    file.unlink()
    with pytest.raises(DataError, match="got 2 files, without number 1, expected 3 files"):
        opened("cars", counts)
    for rest in file.parent.glob("train-*"):
        rest.unlink()
    with pytest.raises(DataError, match="got 0 files, expected at least one file"):
        opened("cars", counts)


def test_other_columns_are_named(local):
    counts = miniatures.hub("mnist", local)
    file = local / "mnist" / "train-00000-of-00001.parquet"
    miniatures.parquet(file, list(range(10)), "train", [*"0123456789"], image="img")
    with pytest.raises(DataError, match=r"columns \['img', 'label'\]"):
        opened("mnist", counts)


def test_broken_images_are_named(local):
    import pyarrow
    import pyarrow.parquet

    counts = miniatures.hub("mnist", local)
    file = local / "mnist" / "test-00000-of-00001.parquet"
    table = pyarrow.parquet.read_table(file)
    cells = table["image"].to_pylist()
    cells[4]["bytes"], cells[7]["bytes"] = cells[4]["bytes"][:50], None
    table = table.set_column(0, "image", pyarrow.array(cells, table.schema.field("image").type))
    pyarrow.parquet.write_table(table, file)
    with pytest.raises(DataError, match=rf"test row 4: cannot decode .*{file.name}, row 4 .*; test row 7: .*no bytes"):
        check_decodable(opened("mnist", counts))


def test_rows_survive_a_process_of_their_own(local):
    task = opened("mnist", miniatures.hub("mnist", local))
    with ProcessPoolExecutor(1, mp_context=multiprocessing.get_context("spawn")) as pool:
        image = pool.submit(operator.methodcaller("image", 3), task.test).result()
    np.testing.assert_array_equal(image.getpixel((0, 0)), miniatures.colour(3, "test"))
