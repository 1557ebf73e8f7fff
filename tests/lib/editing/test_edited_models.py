"""Predictions of many edited models at once against one model at a time; the disentanglement error by hand."""

import dataclasses
from types import SimpleNamespace

import pytest
import torch

from lib.editing import disentanglement, edited_models
from lib.editing.disentanglement import coefficient_rows, error_term
from lib.editing.task_vector import TaskVector
from lib.models.clip import tower_parameters
from lib.models.encoders.image import encoder_of
from lib.models.encoders.tangent import tangent_of
from lib.models.heads import logits
from lib.training import modes


@pytest.fixture
def setting(tower):
    encoder = encoder_of(SimpleNamespace(visual=tower))
    theta_0 = tower_parameters(SimpleNamespace(visual=tower))
    generator = torch.Generator().manual_seed(0)
    taus = [
        TaskVector({n: 0.05 * torch.randn(v.shape, generator=generator) for n, v in theta_0.items()}) for _ in range(2)
    ]
    batches = [torch.randint(0, 256, (4, 8, 8, 3), dtype=torch.uint8, generator=generator) for _ in range(3)]
    return encoder, theta_0, taus, batches, torch.randn(5, 8, generator=generator)


GRID = torch.tensor([[0.0, 0.0], [1.0, 0.0], [-0.5, 0.3], [2.0, -2.0]])


@pytest.mark.parametrize("mode", ["standard", "linear"])
def test_rows_equal_single_models(setting, mode):
    encoder, theta_0, taus, batches, head = setting
    predictions = modes.get(mode).predictions(encoder, theta_0, taus, GRID, batches, head)
    x = torch.cat(batches)
    f_lin = encoder.tangent_model(theta_0)
    for row, found in zip(GRID.tolist(), predictions, strict=True):
        total = row[0] * taus[0] + row[1] * taus[1]
        features = f_lin(total, x) if mode == "linear" else encoder.encode(total.apply(theta_0), x)
        assert torch.equal(found, logits(features, head).argmax(-1))


def test_tangent_models_agree_with_and_without_the_one_pass_rules(setting):
    encoder, theta_0, taus, batches, head = setting
    fast = edited_models.tangent_predictions(encoder, theta_0, taus, GRID, batches, head)
    general = dataclasses.replace(encoder, shape=None)
    assert torch.equal(fast, edited_models.tangent_predictions(general, theta_0, taus, GRID, batches, head))


def test_without_vectors_the_model_is_the_pretrained_one(setting):
    encoder, theta_0, _, batches, head = setting
    found = edited_models.nonlinear_predictions(encoder, theta_0, [], torch.zeros(1, 0), batches, head)
    assert torch.equal(found[0], logits(encoder.encode(theta_0, torch.cat(batches)), head).argmax(-1))


def test_chunks_do_not_change_the_sweep(setting, monkeypatch):
    encoder, theta_0, taus, batches, head = setting
    whole = edited_models.tangent_predictions(encoder, theta_0, taus, GRID, batches, head)
    monkeypatch.setattr(edited_models, "_CHUNK", 1)
    assert torch.equal(whole, edited_models.tangent_predictions(encoder, theta_0, taus, GRID, batches, head))


def test_coefficient_rows_hold_the_own_axis_then_the_grid():
    rows = coefficient_rows([-1.0, 2.0], own=1)
    assert rows.tolist() == [[0, -1], [0, 2], [-1, -1], [-1, 2], [2, -1], [2, 2]]
    assert coefficient_rows([-1.0, 2.0], own=0)[:2].tolist() == [[-1, 0], [2, 0]]


def test_error_term_by_hand():
    """Two alphas, two images. Own task first: row i of the grid is compared with the model (a_i, 0)."""
    alone = torch.tensor([[0, 0], [1, 1]])
    joint = torch.tensor([[0, 0], [0, 9], [1, 0], [7, 7]])  # (a1, a2) = (0,0), (0,1), (1,0), (1,1)
    predictions = torch.cat([alone, joint])
    assert error_term(predictions, own=0).tolist() == [[0.0, 0.5], [0.5, 1.0]]
    assert error_term(predictions, own=1).tolist() == [[0.0, 1.0], [0.5, 1.0]]


def test_error_is_zero_for_vectors_that_do_not_interact():
    """Predictions on task 1 depend on a1 alone, on task 2 on a2 alone: xi is zero everywhere."""
    alphas = [-1.0, 0.0, 1.0]
    a, b = disentanglement.error_terms(alphas, lambda own, rows: rows[:, own : own + 1].long().expand(-1, 6))
    assert a.shape == (3, 3) and torch.equal(a + b, torch.zeros(3, 3, dtype=torch.float64))


def test_error_is_two_where_every_prediction_differs_on_both_tasks():
    def predict(own, rows):
        return (rows != 0).all(1).long()[:, None].expand(-1, 4)

    a, b = disentanglement.error_terms([0.0, 1.0], predict)
    assert (a + b).tolist() == [[0, 0], [0, 2]]
