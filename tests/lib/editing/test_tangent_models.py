"""Predictions of many edited tangent models from one pass against one model at a time."""

import pytest
import torch

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
