"""The choice of shots: balanced, nested, seeded; and splits cut down to it."""

import numpy as np
import pytest

from lib.data import prepared, preparing
from lib.data.few_shot import TooFewImages, few_shot_rows, subset
from lib.data.training_batches import TrainingData
from tests.lib.data.raw_images import raw, same

LABELS = np.random.default_rng(0).integers(0, 5, 200)


@pytest.mark.parametrize("shots", [1, 2, 7])
def test_each_class_has_as_many_rows_as_shots_in_order(shots):
    rows = few_shot_rows(LABELS, shots, seed=3)
    assert (np.diff(rows) > 0).all()
    assert np.bincount(LABELS[rows]).tolist() == [shots] * 5


def test_more_shots_keep_the_ones_before():
    chosen = [set(few_shot_rows(LABELS, shots, seed=3)) for shots in (1, 2, 4, 8, 16)]
    assert all(few < more for few, more in zip(chosen, chosen[1:], strict=False))


def test_the_seed_decides_and_other_classes_do_not():
    rows = few_shot_rows(LABELS, 4, seed=3)
    np.testing.assert_array_equal(few_shot_rows(LABELS, 4, seed=3), rows)
    assert set(few_shot_rows(LABELS, 4, seed=4)) != set(rows)
    without = np.where(LABELS == 2, 9, LABELS)  # class 2 is called 9
    kept = [row for row in rows if LABELS[row] != 2]
    assert set(kept) < set(few_shot_rows(without, 4, seed=3))


def test_a_class_with_too_few_images_is_named():
    with pytest.raises(TooFewImages, match=r"class 1 has 2 images to fit, expected 3 for as many shots"):
        few_shot_rows(np.array([0, 0, 0, 1, 1]), 3, seed=0)


@pytest.mark.parametrize("sizes", [[(4, 4)] * 5, [(4, 6), (9, 5), (7, 7), (4, 6), (3, 3)]], ids=["uniform", "any"])
def test_a_subset_has_the_images_labels_and_source_rows_of_its_rows(tmp_path, sizes):
    pixels, split = raw(sizes)
    preparing.write(tmp_path, "fit", split, np.array([4, 3, 2, 1, 0]), crop=same)
    whole = prepared.read(tmp_path, "fit")
    part = subset(whole, np.array([1, 3]))
    assert len(part) == 2 and part.row.tolist() == [3, 1] and part.label.tolist() == [0, 1]
    for slot, source in enumerate([3, 1]):
        h, w = sizes[source]
        np.testing.assert_array_equal(part.images([0, 1])[slot, :h, :w], pixels[source])


def test_a_subset_smaller_than_a_batch_is_one_batch_an_epoch(tmp_path):
    preparing.write(tmp_path, "fit", raw([(8, 8)] * 6)[1], np.arange(6), crop=same)
    part = subset(prepared.read(tmp_path, "fit"), np.array([0, 2, 4]))
    data = TrainingData(part, batch_size=64, image_size=8, seed=0)
    assert data.steps_per_epoch == 1
    assert sorted(data.rows(0)) == sorted(data.rows(1)) == [0, 1, 2]
    (batch,) = data.gather(0, [slice(None)])
    assert sorted(batch.labels.tolist()) == [0, 1, 2]
