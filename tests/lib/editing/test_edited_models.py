"""Predictions of many edited models at once against one model at a time."""

import pytest
import torch
import torch.nn.functional as F

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


# distances from another row's embeddings


def test_distances_come_beside_the_same_predictions(setting, grid):
    encoder, theta_0, taus, batches, head = setting
    references = [0, 0, 1, 0]
    given = (encoder, theta_0, taus, grid, batches, head)
    found, distances = edited_models.predictions_and_distances(*given, references)
    assert torch.equal(found, edited_models.predictions(*given))
    models = [(row[0] * taus[0] + row[1] * taus[1]).apply(theta_0) for row in grid.tolist()]
    embeddings = [encoder.encode(theta, setting.images).double() for theta in models]
    expected = [1 - F.cosine_similarity(f, embeddings[r]) for f, r in zip(embeddings, references, strict=True)]
    torch.testing.assert_close(distances, torch.stack(expected), rtol=1e-4, atol=1e-6)
    assert (distances[0] == 0).all() and (distances[1:] > 0).all()


def test_a_row_is_compared_with_an_earlier_one_only(setting, grid):
    encoder, theta_0, taus, batches, head = setting
    with pytest.raises(ValueError, match="row 1 is compared with row 2, expected an earlier one, or itself"):
        edited_models.predictions_and_distances(encoder, theta_0, taus, grid, batches, head, [0, 2, 2, 3])
