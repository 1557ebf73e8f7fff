"""Prepared splits: round trip, damage, and that each image is decoded once."""

from collections import Counter
from functools import partial

import numpy as np
import pytest
from PIL import Image

from lib.data import prepared, preparing
from lib.data.augment import evaluation_crop
from lib.data.raw_task import RawSplit
from lib.data.splits import fit_and_validation
from workflow_scripts.code import code, variants


def raw(sizes):
    generator = np.random.default_rng(0)
    pixels = [generator.integers(0, 256, (h, w, 3), np.uint8) for h, w in sizes]
    return pixels, RawSplit(np.arange(len(sizes)) % 3, lambda row: Image.fromarray(pixels[row]))


def same(image):
    return image


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


def test_an_image_that_cannot_be_decoded_leaves_nothing_behind(tmp_path):
    def broken(row):
        raise OSError("b.png is truncated")

    with pytest.raises(OSError, match="b.png"):
        preparing.write(tmp_path, "fit", RawSplit(np.zeros(2, int), broken), np.arange(2), crop=same)
    assert list(tmp_path.iterdir()) == []


def test_each_image_is_decoded_once(tmp_path):
    """Fit, val and test together ask the source for every row once; whoever trains or evaluates asks it for none."""
    asked = Counter()

    def image(row):
        asked[row] += 1
        return Image.new("RGB", (9, 8))

    raw = RawSplit(np.arange(40) % 4, image)
    fit, val = fit_and_validation(40, seed=0, fraction=0.1, maximum=5000)
    preparing.write(tmp_path, "fit", raw, fit, crop=lambda image: image)
    preparing.write(tmp_path, "val", raw, val, crop=partial(evaluation_crop, size=8))
    assert asked == Counter(range(40))
    for rule, _, plugins in variants():
        reached = code(rule, *plugins)
        if rule == "prepare":
            assert any(file.startswith("lib/data/readers/") for file in reached)
        elif rule in ("finetune", "zero_shot", "single_task", "addition", "negation", "disentanglement"):
            assert not [file for file in reached if "readers" in file], "only prepared pixels are read"
