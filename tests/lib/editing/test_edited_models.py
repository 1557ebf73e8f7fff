"""Predictions of many edited models at once against one model at a time."""

import pytest
import torch

from lib.editing import edited_models
from lib.models.heads import logits
from lib.parameters import ParameterMismatch


def test_rows_equal_single_models(setting, grid):
    encoder, theta_0, taus, batches, head = setting
    predictions = edited_models.predictions(encoder, theta_0, taus, grid, batches, head)
    assert len({tuple(row) for row in predictions.tolist()}) > 1
    for row, found in zip(grid.tolist(), predictions, strict=True):
        total = row[0] * taus[0] + row[1] * taus[1]
        features = encoder.encode(total.apply(theta_0), setting.images)
        assert torch.equal(found, logits(features, head).argmax(-1))


def test_without_vectors_the_model_is_the_pretrained_one(setting):
    encoder, theta_0, _, batches, head = setting
    found = edited_models.predictions(encoder, theta_0, [], torch.zeros(1, 0), batches, head)
    assert torch.equal(found[0], logits(encoder.encode(theta_0, setting.images), head).argmax(-1))


def test_theta_0_and_the_vectors_stay_as_they_are(setting, grid):
    encoder, theta_0, taus, batches, head = setting
    before = [{name: value.clone() for name, value in vector.items()} for vector in (theta_0, *taus)]
    edited_models.predictions(encoder, theta_0, taus, grid, batches, head)
    for vector, copy in zip((theta_0, *taus), before, strict=True):
        assert all(torch.equal(vector[name], copy[name]) for name in copy)


def test_vectors_of_another_architecture_are_refused(setting, grid):
    encoder, theta_0, taus, batches, head = setting
    other = type(taus[0])({name: value for name, value in taus[0].items() if name != "proj"})
    with pytest.raises(ParameterMismatch, match="edited parameters: .*missing 1 .proj."):
        edited_models.predictions(encoder, theta_0, [taus[0], other], grid, batches, head)
