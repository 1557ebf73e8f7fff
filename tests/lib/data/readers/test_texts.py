"""Tasks of texts: made by Faker, and read from files in the layouts of the hub."""

import json

import pyarrow
import pyarrow.parquet
import pytest

from lib.data.datasets import open_task
from lib.data.readers.errors import DataError
from lib.synthetic.texts import KINDS

COMMIT = "0123456789abcdef0123456789abcdef01234567"


def rows(split):
    return [(split.image(row), int(split.labels[row])) for row in range(len(split))]


@pytest.mark.parametrize("kind", KINDS)
def test_fakers_texts_are_a_function_of_the_seed_and_no_text_stands_there_twice(kind):
    pytest.importorskip("faker")
    options = {"kind": kind, "train": 40, "test": 20, "seed": 0}
    first, again = (open_task("faker_texts", None, root=None, options=options) for _ in range(2))
    other = open_task("faker_texts", None, root=None, options={**options, "seed": 1})
    assert rows(first.train) == rows(again.train) and rows(first.test) == rows(again.test)
    assert rows(first.test) != rows(other.test)
    for label in range(len(first.class_names)):
        texts = [text for text, own in [*rows(first.train), *rows(first.test)] if own == label]
        assert len(set(texts)) == len(texts) and all(text == text.strip() and "\n" not in text for text in texts)
    assert first.train.labels.tolist() == [row % len(first.class_names) for row in range(40)]


def test_more_texts_to_train_on_change_neither_the_first_ones_nor_those_of_test():
    pytest.importorskip("faker")
    few, many = (
        open_task("faker_texts", None, root=None, options={"kind": "names", "train": n, "test": 16, "seed": 0})
        for n in (16, 40)
    )
    assert rows(many.test) == rows(few.test) and rows(many.train)[:16] == rows(few.train)


def test_more_texts_than_there_are_is_refused():
    pytest.importorskip("faker")
    options = {"kind": "continents", "train": 5000, "test": 10, "seed": 0}
    with pytest.raises(DataError, match="different texts and no more; ask for fewer"):
        open_task("faker_texts", None, root=None, options=options)


@pytest.fixture
def options():
    return {
        "repository": "owner/films",
        "revision": COMMIT,
        "files": {"train": "data/train.parquet", "test": "test.jsonl"},
        "text": "sentence",
        "label": "label",
        "class_names": ["terrible", "great"],
        "templates": ["{} It was <mask>."],
        "expected_counts": {"train": 4, "test": 2},
    }


def repository(folder, train=(0, 1, 0, 1), test=(1, 0)):
    """Both layouts of the hub: a parquet file, and JSON lines with more keys than are asked for."""
    (folder / "data").mkdir(parents=True)
    texts = [f"film {i}" for i in range(len(train))]
    pyarrow.parquet.write_table(
        pyarrow.table({"idx": list(range(len(train))), "sentence": texts, "label": list(train)}),
        folder / "data/train.parquet",
    )
    lines = [{"sentence": f"test {i}", "label": label, "label_text": "-"} for i, label in enumerate(test)]
    (folder / "test.jsonl").write_text("".join(f"{json.dumps(line)}\n" for line in lines))


def opened(tmp_path, monkeypatch, options):
    """The client itself is tested in test_hub_client and tests/workflow/test_text_roberta."""
    monkeypatch.setattr("lib.data.hub_client.fetch", lambda *asked: tmp_path / "repo")
    return open_task("hub_texts", "hub", root=None, options=options)


def test_texts_of_the_hub_come_in_the_order_of_their_files(tmp_path, monkeypatch, options):
    repository(tmp_path / "repo")
    task = opened(tmp_path, monkeypatch, options)
    assert rows(task.train) == [("film 0", 0), ("film 1", 1), ("film 2", 0), ("film 3", 1)]
    assert rows(task.test) == [("test 0", 1), ("test 1", 0)] and task.val is None
    assert task.origin == {"source": "hub", "repo": "owner/films", "revision": COMMIT}


@pytest.mark.parametrize(
    ("splits", "change", "message"),
    [
        ({"train": (0, 1)}, {}, "wrong split size"),
        ({"train": (0, 1, 2, 0)}, {}, "labels of train out of range"),
        ({"test": (1, 1)}, {}, "classes without an image in test"),
        ({"test": ("1", "0")}, {}, "row 0 holds 'test 0' and the label '1'"),
        ({}, {"text": "words"}, "a text in 'words'"),
    ],
)
def test_texts_of_the_hub_that_are_not_those_that_were_named_are_refused(
    tmp_path, monkeypatch, options, splits, change, message
):
    repository(tmp_path / "repo", **splits)
    with pytest.raises(DataError, match=message):
        opened(tmp_path, monkeypatch, {**options, **change})


def test_a_damaged_file_is_refused(tmp_path, monkeypatch, options):
    repository(tmp_path / "repo")
    (tmp_path / "repo/data/train.parquet").write_bytes(b"PAR1")
    with pytest.raises(DataError, match="fetch them again"):
        opened(tmp_path, monkeypatch, options)
