"""Prepared splits: round trip, damage, and that each image is decoded once."""

import numpy as np
import pytest

from lib.data import prepared, preparing
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
    with pytest.raises(prepared.PreparedError, match=r"has 143 bytes, its index says 144"):
        prepared.read(tmp_path, "val")
    with pytest.raises(prepared.PreparedError, match="run the rule `prepare`"):
        prepared.read(tmp_path, "test")
