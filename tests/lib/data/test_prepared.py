"""Prepared splits: round trip, damage, and that each image is decoded once."""

import json

import numpy as np
import pytest

from lib.data import prepared, preparing
from lib.files.own_files import OwnFileError
from tests.lib.data.raw_images import raw, same


def test_images_of_any_size_come_back(tmp_path):
    pixels, split = raw([(4, 6), (9, 5), (7, 7)])
    entry = preparing.write(tmp_path, "fit", split, np.array([2, 0]), crop=same)
    stored = prepared.read(tmp_path, "fit")
    frame = stored.images([0, 1])
    assert frame.shape == (2, 7, 7, 3)
    assert np.array_equal(frame[0], pixels[2]) and np.array_equal(frame[1, :4, :6], pixels[0])
    assert (frame[1, 4:] == 0).all() and stored.label.tolist() == [2, 0] and stored.row.tolist() == [2, 0]
    assert entry["n"] == 2 and entry["bytes"] == 7 * 7 * 3 + 4 * 6 * 3
    assert entry["index_label_sha256"] == preparing.index_label_digest(np.array([2, 0]), np.array([2, 0]))


def test_a_file_that_does_not_fit_its_index_is_refused(tmp_path):
    _, split = raw([(4, 4)] * 3)
    preparing.write(tmp_path, "val", split, np.arange(3), crop=same)
    images = tmp_path / "val.images.bin"
    images.write_bytes(images.read_bytes()[:-1])
    with pytest.raises(OwnFileError, match=r"val\.images\.bin: got 143 bytes, expected 144, as its index says; delete"):
        prepared.read(tmp_path, "val")
    with pytest.raises(prepared.PreparedError, match="run the rule `prepare`"):
        prepared.read(tmp_path, "test")


@pytest.fixture
def stored(tmp_path):
    """Three images of 4 x 4, with what the rule `prepare` writes beside them."""
    entry = preparing.write(tmp_path, "val", raw([(4, 4)] * 3)[1], np.arange(3), crop=same)
    (tmp_path / "val.json").write_text(json.dumps(entry))
    (tmp_path / "classes.json").write_text('{"class_names": ["a", "b", "c"], "templates": []}')
    prepared.read(tmp_path, "val")
    return tmp_path


@pytest.mark.parametrize(
    ("field", "values", "told"),
    [
        ("offset", [0, -48, 96], "1 bad values of offset, the first -48 of image 1"),
        ("offset", [0, 48, 97], "1 bad values of offset, the first 97 of image 2"),
        ("height", [4, 0, 8], "1 bad values of height, the first 0 of image 1"),
        ("width", [-4, 4, 12], "1 bad values of width, the first -4 of image 0"),
        ("label", [0, 1, -1], "1 bad values of label, the first -1 of image 2"),
        ("row", [-3, 1, 2], "1 bad values of row, the first -3 of image 0"),
        ("label", [0, 1], "expected int64, a value per image"),
        ("label", [0.0, 1.0, 2.0], "float64"),
        ("label", [0, 1, 3], "the label 3, expected one of the 3 classes of"),
    ],
)
def test_an_index_that_cannot_be_is_refused(stored, field, values, told):
    index = stored / "val.index.npz"
    with np.load(index) as arrays:
        fields = dict(arrays)
    np.savez(index, **fields | {field: np.array(values)})
    (stored / "val.json").unlink()
    with pytest.raises(OwnFileError, match=rf"val\.index\.npz: got .*{told}"):
        prepared.read(stored, "val")


def test_an_index_of_another_preparation_is_refused(stored, tmp_path):
    """Of the same size: only its digest tells."""
    preparing.write(stored, "val", raw([(4, 4)] * 3)[1], np.array([2, 1, 0]), crop=same)
    with pytest.raises(OwnFileError, match=r"val\.index\.npz: got index_sha256 \w+, expected \w+, as .*val\.json says"):
        prepared.read(stored, "val")


@pytest.mark.parametrize("name", ["val.index.npz", "val.images.bin", "val.json", "classes.json"])
def test_a_cut_file_is_refused(stored, name):
    (stored / name).write_bytes((stored / name).read_bytes()[:-5])
    with pytest.raises(OwnFileError, match=rf"{name}: got .*, expected .*; delete it and run the same command again"):
        prepared.read(stored, "val")
