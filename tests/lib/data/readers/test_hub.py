"""The hub's schemas, good and damaged, and the real client against a stand-in server on the loopback."""

import multiprocessing
import operator
import os
import subprocess
import sys
from concurrent.futures import ProcessPoolExecutor
from pathlib import Path

import numpy as np
import pytest

from lib.data import tasks
from lib.data.datasets import open_task
from lib.data.readers.checks import check_decodable
from lib.data.readers.errors import DataError
from tests import miniatures
from tests.hub_server import Hub

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


# the client itself, in its own process, since it reads its environment when it is imported

PREAMBLE = """
import sys
from pathlib import Path
from lib.data.datasets import open_task
from lib.data.readers import hub
from lib.data.readers.checks import check_decodable
from lib.data.readers.errors import DataError
from lib.data.hub_client import hub_file
cache, commit = Path(sys.argv[1]), sys.argv[2]
def tell(ask):
    try:
        print(ask())
    except DataError as error:
        print("DataError", error)
def digits(**options):
    task = open_task("svhn", "hub", root=cache, options={"expected_counts": {"train": 20, "test": 10}, **options})
    check_decodable(task)
    return task.train.labels.tolist()
"""


def run(code, cache, address, **environment):
    """The snippet's lines of output; it must print nothing else."""
    done = subprocess.run(
        [sys.executable, "-c", PREAMBLE + code, str(cache), COMMIT],
        env={**os.environ, "HF_ENDPOINT": address, "HF_HUB_ETAG_TIMEOUT": "2", **environment},
        cwd=Path(__file__).parents[4],
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert (done.returncode, done.stderr) == (0, "")
    return done.stdout.splitlines()


def test_client_fetches_only_what_it_needs_once_then_works_offline(tmp_path):
    miniatures.hub("svhn", tmp_path / "repo", train=2, test=1, shards=1)
    miniatures.parquet(tmp_path / "repo" / "cropped_digits" / "extra-00000-of-00001.parquet", [0], "train", None)
    miniatures.parquet(tmp_path / "repo" / "full_numbers" / "train-00000-of-00001.parquet", [0], "train", None)
    with Hub(tmp_path / "repo", "ufldl-stanford/svhn", COMMIT) as server:
        code = "tell(lambda: digits(revision=commit))\n" * 2
        assert run(code, tmp_path / "cache", server.address) == [str([*range(10), *range(10)])] * 2
    got = [request for request in server.requests if request.startswith("GET /datasets")]
    assert len(got) == len(set(got)) == 2
    assert not [name for name in got if "extra" in name or "full" in name]
    offline = run("tell(lambda: digits(revision=commit))", tmp_path / "cache", server.address, HF_HUB_OFFLINE="1")
    assert offline == [str([*range(10), *range(10)])]
    nothing = run("tell(lambda: digits(revision=commit))", tmp_path / "empty", server.address, HF_HUB_OFFLINE="1")
    assert nothing[0].startswith("DataError hub: ufldl-stanford/svhn")
    assert "copy the cache" in nothing[0]


def test_client_says_what_the_hub_refuses(tmp_path):
    miniatures.hub("svhn", tmp_path / "repo", train=2)
    code = """
tell(lambda: hub_client.resolve_revision("ufldl-stanford/svhn", "dataset"))
tell(lambda: digits(revision="f" * 40))
tell(lambda: digits(revision="main"))
tell(lambda: hub_client.resolve_revision("gated/imagenet", "dataset"))
tell(lambda: hub_client.resolve_revision("nobody/svhn", "dataset"))
tell(lambda: open_task("dtd", "hub", root=cache, options={}))
"""
    with Hub(tmp_path / "repo", "ufldl-stanford/svhn", COMMIT) as server:
        lines = run(code, tmp_path / "cache", server.address)
    assert lines[0] == COMMIT
    texts = ("RevisionNotFoundError", "got main", "accept the terms", "check the name", "tanganke/dtd")
    for text, line in zip(texts, lines[1:], strict=True):
        assert text in line


def test_client_finds_a_damaged_download(tmp_path):
    miniatures.hub("svhn", tmp_path / "repo", train=2)
    file = tmp_path / "repo" / "cropped_digits" / "test-00000-of-00001.parquet"
    file.write_bytes(file.read_bytes()[:-40])
    with Hub(tmp_path / "repo", "ufldl-stanford/svhn", COMMIT) as server:
        lines = run("tell(lambda: digits(revision=commit))", tmp_path / "cache", server.address)
    assert file.name in lines[0]
    assert "delete the file and fetch it again" in lines[0]
    unreachable = run('tell(lambda: hub_client.resolve_revision("x/y", "dataset"))', tmp_path / "other", server.address)
    assert "check the network" in unreachable[0] and "known to the hub alone" in unreachable[0]


def test_client_fetches_a_models_file(tmp_path):
    (tmp_path / "repo").mkdir()
    (tmp_path / "repo" / "open_clip_model.safetensors").write_bytes(b"weights")
    code = """
file = hub_file("timm/tiny.openai", "open_clip_model.safetensors", revision=commit, cache=cache)
print(file.read_bytes(), file.parent.name == commit)
tell(lambda: hub_file("timm/tiny.openai", "absent.safetensors", revision=commit, cache=cache))
tell(lambda: hub_file("timm/tiny.openai", "open_clip_model.safetensors", revision=None, cache=cache))
"""
    with Hub(tmp_path / "repo", "timm/tiny.openai", COMMIT, kind="models") as server:
        lines = run(code, tmp_path / "cache", server.address)
    assert lines[0] == "b'weights' True"
    assert "check the file's name" in lines[1]
    assert "make pin" in lines[2]


def test_rows_survive_a_process_of_their_own(local):
    task = opened("mnist", miniatures.hub("mnist", local))
    with ProcessPoolExecutor(1, mp_context=multiprocessing.get_context("spawn")) as pool:
        image = pool.submit(operator.methodcaller("image", 3), task.test).result()
    np.testing.assert_array_equal(image.getpixel((0, 0)), miniatures.colour(3, "test"))
