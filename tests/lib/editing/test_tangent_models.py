"""Predictions of many edited tangent models from one pass against one model at a time."""

import pytest
import torch
import torch.nn.functional as F

from lib.editing import tangent_models
from lib.models.encoders.tangent import tangent_of
from lib.models.encoders.torch_module import TorchModule
from lib.models.heads import logits


@pytest.fixture
def encoder(setting):
    return tangent_of(setting.encoder)


def test_rows_equal_single_models(setting, encoder, grid):
    _, theta_0, taus, batches, head = setting
    predictions = tangent_models.predictions(encoder, theta_0, taus, grid, batches, head)
    assert len({tuple(row) for row in predictions.tolist()}) > 1
    f_lin = encoder.model_at(theta_0)
    for row, found in zip(grid.tolist(), predictions, strict=True):
        total = row[0] * taus[0] + row[1] * taus[1]
        assert torch.equal(found, logits(f_lin(total.apply(theta_0), setting.images), head).argmax(-1))


def test_tangent_models_agree_with_and_without_the_one_pass_rules(setting, encoder, grid, tower):
    _, theta_0, taus, batches, head = setting
    fast = tangent_models.predictions(encoder, theta_0, taus, grid, batches, head)
    general = tangent_of(TorchModule(8, build=lambda: tower))
    assert torch.equal(fast, tangent_models.predictions(general, theta_0, taus, grid, batches, head))


def test_chunks_do_not_change_the_sweep(setting, encoder, grid, monkeypatch):
    _, theta_0, taus, batches, head = setting
    whole = tangent_models.predictions(encoder, theta_0, taus, grid, batches, head)
    monkeypatch.setattr(tangent_models, "_CHUNK", 1)
    assert torch.equal(whole, tangent_models.predictions(encoder, theta_0, taus, grid, batches, head))


def test_of_one_vector_at_alpha_zero_every_prediction_is_the_pretrained_models(setting, encoder):
    _, theta_0, taus, batches, head = setting
    found = tangent_models.predictions(encoder, theta_0, taus[:1], torch.zeros(1, 1), batches, head)
    assert torch.equal(found[0], logits(encoder.encode(theta_0, setting.images), head).argmax(-1))


# distances from another row's embeddings


def test_distances_in_closed_form_equal_those_of_direct_embeddings(setting, encoder, grid):
    _, theta_0, taus, batches, head = setting
    references = [3, 0, 1, 3]
    given = (encoder, theta_0, taus, grid, batches, head)
    found, distances = tangent_models.predictions_and_distances(*given, references)
    assert torch.equal(found, tangent_models.predictions(*given))
    value, tangents = encoder.value_and_tangents(theta_0, taus, setting.images)
    direct = value.double() + torch.einsum("kj,jnd->knd", grid.double(), torch.stack(tangents).double())
    torch.testing.assert_close(
        distances, 1 - F.cosine_similarity(direct, direct[references], dim=-1), rtol=0, atol=1e-13
    )
    assert (distances[3] < 1e-15).all() and (distances[:3] > 1e-6).all()


def test_distances_agree_with_the_embeddings_of_f_lin(setting, encoder, grid):
    _, theta_0, taus, batches, head = setting
    references = [0, 0, 0, 2]
    _, distances = tangent_models.predictions_and_distances(encoder, theta_0, taus, grid, batches, head, references)
    f_lin = encoder.model_at(theta_0)
    models = [(row[0] * taus[0] + row[1] * taus[1]).apply(theta_0) for row in grid.tolist()]
    embeddings = torch.stack([f_lin(theta, setting.images) for theta in models]).double()
    expected = 1 - F.cosine_similarity(embeddings, embeddings[references], dim=-1)
    torch.testing.assert_close(distances, expected, rtol=1e-4, atol=1e-6)


def test_distance_from_itself_is_zero_whatever_the_size_of_the_embeddings():
    inner = tangent_models._inner_products(1e3 * torch.randn(7, 5), [1e-3 * torch.randn(7, 5) for _ in range(2)])
    coefficients = torch.randn(9, 2)
    assert (tangent_models._distances(inner, coefficients, list(range(9))) < 1e-15).all()
