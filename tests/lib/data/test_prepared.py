"""Prepared splits: round trip, damage, and files that are whole or not at all."""

from collections import Counter
from functools import partial

import numpy as np
import pytest
from PIL import Image

from lib.data import prepared
from lib.data.augment import evaluation_crop
from lib.data.batches import EvaluationBatches
from lib.data.raw_task import RawSplit
from lib.data.splits import fit_and_validation
from lib.files import atomic
from lib.provenance import reached_modules
from tests.workflow.conftest import ROOT


def raw(sizes):
    generator = np.random.default_rng(0)
    pixels = [generator.integers(0, 256, (h, w, 3), np.uint8) for h, w in sizes]
    return pixels, RawSplit(np.arange(len(sizes)) % 3, lambda row: Image.fromarray(pixels[row]))


def same(image):
    return image


def test_images_of_any_size_come_back(tmp_path):
    pixels, split = raw([(4, 6), (9, 5), (7, 7)])
    entry = prepared.write(tmp_path, "fit", split, np.array([2, 0]), crop=same)
    stored = prepared.read(tmp_path, "fit")
    frame = stored.images([0, 1])
    assert frame.shape == (2, 7, 7, 3)
    assert np.array_equal(frame[0], pixels[2]) and np.array_equal(frame[1, :4, :6], pixels[0])
    assert (frame[1, 4:] == 0).all() and stored.label.tolist() == [2, 0] and stored.row.tolist() == [2, 0]
    assert entry["n"] == 2 and entry["bytes"] == 7 * 7 * 3 + 4 * 6 * 3
    assert entry["index_label_sha256"] == prepared.index_label_digest(np.array([2, 0]), np.array([2, 0]))


def test_evaluation_batches_are_the_rows_in_order_as_often_as_asked(tmp_path):
    pixels, split = raw([(4, 4)] * 7)
    prepared.write(tmp_path, "test", split, np.arange(7), crop=same)
    batches = EvaluationBatches(prepared.read(tmp_path, "test"), 3, "cpu")
    for _ in range(2):
        assert np.array_equal(np.concatenate([batch.numpy() for batch in batches]), np.stack(pixels))
    some = EvaluationBatches(prepared.read(tmp_path, "test"), 2, "cpu", np.array([5, 1, 2]))
    assert np.array_equal(np.concatenate([batch.numpy() for batch in some]), np.stack(pixels)[[1, 2, 5]])
    assert some.labels.tolist() == [1, 2, 2]


def test_a_file_that_does_not_fit_its_index_is_refused(tmp_path):
    _, split = raw([(4, 4)] * 3)
    prepared.write(tmp_path, "val", split, np.arange(3), crop=same)
    images = tmp_path / "val.images.bin"
    images.write_bytes(images.read_bytes()[:-1])
    with pytest.raises(prepared.PreparedError, match=r"has 143 bytes, its index says 144"):
        prepared.read(tmp_path, "val")
    with pytest.raises(prepared.PreparedError, match="run the rule `prepare`"):
        prepared.read(tmp_path, "test")


def test_a_image_that_cannot_be_decoded_leaves_nothing_behind(tmp_path):
    def broken(row):
        raise OSError("b.png is truncated")

    with pytest.raises(OSError, match="b.png"):
        prepared.write(tmp_path, "fit", RawSplit(np.zeros(2, int), broken), np.arange(2), crop=same)
    assert list(tmp_path.iterdir()) == []


def test_an_interrupted_write_leaves_the_old_file(tmp_path):
    file = tmp_path / "table.csv"
    atomic.write_text(file, "old")
    with pytest.raises(RuntimeError), atomic.whole(file) as temporary:
        temporary.write_text("half of the new")
        raise RuntimeError
    assert file.read_text() == "old" and list(tmp_path.iterdir()) == [file]


def test_each_image_is_decoded_once(tmp_path):
    """Fit, val and test together ask the source for every row once; whoever trains or evaluates asks it for none."""
    asked = Counter()

    def image(row):
        asked[row] += 1
        return Image.new("RGB", (9, 8))

    raw = RawSplit(np.arange(40) % 4, image)
    fit, val = fit_and_validation(40, seed=0, fraction=0.1, maximum=5000)
    prepared.write(tmp_path, "fit", raw, fit, crop=lambda image: image)
    prepared.write(tmp_path, "val", raw, val, crop=partial(evaluation_crop, size=8))
    assert asked == Counter(range(40))
    for script in ("finetune_process", "zero_shot", "single_task", "addition", "negation", "disentanglement"):
        reached = reached_modules(ROOT, f"workflow_scripts/{script}.py", ("lib", "workflow_scripts"))
        assert not [path for path in reached if "datasets" in path.parts], "only prepared pixels are read"


def test_images_of_different_sizes_are_no_evaluation_batch(tmp_path):
    _, split = raw([(4, 6), (9, 5)])
    prepared.write(tmp_path, "fit", split, np.arange(2), crop=same)
    with pytest.raises(prepared.PreparedError, match="is this the fit split"):
        next(iter(EvaluationBatches(prepared.read(tmp_path, "fit"), 2, "cpu")))
