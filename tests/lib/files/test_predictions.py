"""Stored predictions: what is written comes back, in as many bits as are needed, and damage is refused."""

import math
import zipfile

import numpy as np
import pytest
import torch

from lib.files import predictions
from lib.files.own_files import OwnFileError

IDENTITY = {"model": "m", "seed": 3, "mode": "linear"}


def drawn(rows, images, classes, seed=0):
    return np.random.default_rng(seed).integers(classes, size=(rows, images))


@pytest.fixture
def file(tmp_path):
    return tmp_path / "predictions.npz"


def equal(one, other):
    return one.keys() == other.keys() and all(np.array_equal(one[key], other[key]) for key in one)


@pytest.mark.parametrize("classes", [1, *range(2, 67), 127, 128, 129, 397, 1000, 1024, 1025, 70_000])
def test_predictions_come_back_in_ceil_log2_bits(file, classes):
    """The least and the greatest class among them; 7 x 13 of them end within a byte, or at its edge."""
    found = drawn(7, 13, classes)
    found[0, 0], found[-1, -1] = 0, classes - 1
    predictions.write(file, {("A", "val"): found}, {"A": classes}, IDENTITY)
    again = predictions.read(file)
    assert equal(again, {("A", "val"): found}) and again["A", "val"].dtype == np.int64
    with np.load(file) as arrays:
        assert len(arrays["packed"]) == math.ceil(7 * 13 * max(1, math.ceil(math.log2(classes))) / 8)


def test_several_entries_come_back_in_their_order_with_whose_they_are(file):
    found = {("B", "val"): drawn(21, 5, 10), ("B", "test"): drawn(1, 9, 10, 1), ("A", "val"): drawn(3, 1, 397, 2)}
    predictions.write(file, found, {"A": 397, "B": 10}, {**IDENTITY, "task": "B"})
    assert equal(predictions.read(file), found) and list(predictions.read(file)) == list(found)
    assert predictions.read_identity(file) == {**IDENTITY, "task": "B"}
    with np.load(file) as arrays:
        assert arrays["rows"].tolist() == [21, 1, 3] and arrays["images"].tolist() == [5, 9, 1]
        assert arrays["classes"].tolist() == [10, 10, 397]


def test_the_first_prediction_is_the_first_bits(file):
    """Golden: 5, 2, 7 among 8 classes are 101 010 111, and zeros fill the second byte."""
    predictions.write(file, {("A", "val"): np.array([[5, 2, 7]])}, {"A": 8}, {})
    with np.load(file) as arrays:
        assert arrays["packed"].tolist() == [0b10101011, 0b10000000]


def test_the_same_predictions_are_the_same_bytes(tmp_path):
    """Tensors or arrays, today or tomorrow; what has no seed says none."""
    found = drawn(2, 30, 5)
    for name, values in (("a", found), ("b", torch.from_numpy(found))):
        predictions.write(tmp_path / f"{name}.npz", {("A", "val"): values}, {"A": 5}, {"model": "m", "seed": None})
    assert (tmp_path / "a.npz").read_bytes() == (tmp_path / "b.npz").read_bytes()
    assert predictions.read_identity(tmp_path / "a.npz") == {"model": "m"}


@pytest.mark.parametrize("wrong", [np.array([[0, 5]]), np.array([[-1, 0]]), np.array([0, 1])])
def test_what_is_no_class_is_not_written(file, wrong):
    with pytest.raises(OwnFileError, match=r"predictions\.npz: got predictions of A val .* from 0 to 4; nothing"):
        predictions.write(file, {("A", "val"): wrong}, {"A": 5}, IDENTITY)
    assert not file.exists()


def refused(file):
    with pytest.raises(OwnFileError) as raised:
        predictions.read(file)
    told = str(raised.value)
    assert told.startswith(f"{file}: got ") and ", expected " in told and "run the same command again" in told, told


def test_a_file_that_is_absent_or_cut_anywhere_is_refused(file):
    refused(file)
    predictions.write(file, {("A", "val"): drawn(2, 9, 5)}, {"A": 5}, IDENTITY)
    content = file.read_bytes()
    for length in range(0, len(content), 7):
        file.write_bytes(content[:length])
        refused(file)


def test_a_changed_byte_is_refused_or_changes_nothing(file):
    """Each byte in turn: what the zip file says of dates and systems is no prediction."""
    found = {("A", "val"): drawn(2, 9, 5)}
    predictions.write(file, found, {"A": 5}, {})
    content, unseen = file.read_bytes(), 0
    for place in range(len(content)):
        mask = (0x01, 0x80, 0xFF)[place % 3]
        file.write_bytes(content[:place] + bytes([content[place] ^ mask]) + content[place + 1 :])
        try:
            again = predictions.read(file)
        except OwnFileError:
            continue
        assert equal(again, found), place
        unseen += 1
    assert unseen < 0.5 * len(content)


@pytest.mark.parametrize(
    ("change", "told"),
    [
        ({"packed": np.zeros(3, np.uint8)}, "3 bytes of predictions, expected 7"),
        ({"packed": np.full(7, 255, np.uint8)}, "the class 7, expected 0 to 4"),
        ({"packed": np.array([0] * 6 + [1], np.uint8)}, "zeros behind them"),
        ({"packed": np.zeros(7)}, "the arrays"),
        ({"rows": np.array([-2])}, "counts from 1"),
        ({"images": np.array([2**62])}, "7 bytes of predictions"),
        ({"classes": np.array([0])}, "counts from 1"),
        ({"rows": np.array([2, 2])}, "the arrays"),
        ({"rows": np.array([2.0])}, "the arrays"),
        ({"tasks": np.array([1])}, "the arrays"),
        ({"tasks": np.array("A")}, "the arrays"),
        (
            {name: np.array([value] * 2) for name, value in
             {"tasks": "A", "splits": "val", "rows": 2, "images": 9, "classes": 5}.items()},
            "each once",
        ),
        ({"splits": None}, "expected also 'splits'"),
    ],
)  # fmt: skip
def test_a_file_that_contradicts_itself_is_refused(file, change, told):
    predictions.write(file, {("A", "val"): drawn(2, 9, 5)}, {"A": 5}, IDENTITY)
    with np.load(file) as arrays:
        kept = {name: values for name, values in {**arrays, **change}.items() if values is not None}
    np.savez(file, **kept)
    with pytest.raises(OwnFileError) as raised:
        predictions.read(file)
    assert told in str(raised.value)


def test_an_array_that_claims_more_than_there_is_is_refused(file, tmp_path):
    """A header that asks for a petabyte, with its digest right."""
    predictions.write(file, {("A", "val"): drawn(2, 9, 5)}, {"A": 5}, IDENTITY)
    with zipfile.ZipFile(file) as old, zipfile.ZipFile(tmp_path / "new.npz", "w") as new:
        for name in old.namelist():
            new.writestr(name, old.read(name).replace(b"(7,), ", b"(10**15,), ".replace(b"10**15", b"1" + b"0" * 15)))
    refused(tmp_path / "new.npz")
