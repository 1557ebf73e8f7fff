"""Evaluation batches: the rows in order."""

import numpy as np
import pytest

from lib.data import prepared, preparing
from lib.data.evaluation_batches import EvaluationBatches
from tests.lib.data.raw_images import raw, same


def test_evaluation_batches_are_the_rows_in_order_as_often_as_asked(tmp_path):
    pixels, split = raw([(4, 4)] * 7)
    preparing.write(tmp_path, "test", split, np.arange(7), crop=same)
    batches = EvaluationBatches(prepared.read(tmp_path, "test"), 3, "cpu")
    for _ in range(2):
        assert np.array_equal(np.concatenate([batch.numpy() for batch in batches]), np.stack(pixels))
    some = EvaluationBatches(prepared.read(tmp_path, "test"), 2, "cpu", np.array([5, 1, 2]))
    assert np.array_equal(np.concatenate([batch.numpy() for batch in some]), np.stack(pixels)[[1, 2, 5]])
    assert some.labels.tolist() == [1, 2, 2]


def test_images_of_different_sizes_are_no_evaluation_batch(tmp_path):
    _, split = raw([(4, 6), (9, 5)])
    preparing.write(tmp_path, "fit", split, np.arange(2), crop=same)
    with pytest.raises(prepared.PreparedError, match="is this the fit split"):
        next(iter(EvaluationBatches(prepared.read(tmp_path, "fit"), 2, "cpu")))
