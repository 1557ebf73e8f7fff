"""Learned coefficients against sweeps, fine grids and each other's way of computing the loss."""

from dataclasses import replace

import numpy as np
import pytest
import torch

from lib.editing.edited_models import predictions
from lib.editing.learned_coefficients import (
    OBJECTIVES,
    Learning,
    batches,
    combined,
    learn,
    of_features,
    of_model,
)
from lib.models.encoders.tangent import tangent_of
from lib.models.heads import logits

TASKS = ["a", "b"]
EXACT = Learning(start=0.0, steps=400, batch=100, learning_rate=0.05)


@pytest.fixture
def heads(setting):
    return {"a": setting.head, "b": setting.head.flip(0) * 3}


@pytest.fixture
def labels(setting):
    generator = torch.Generator().manual_seed(3)
    return {task: torch.randint(0, 5, (len(setting.images),), generator=generator) for task in TASKS}


@pytest.fixture
def by_features(setting, heads, labels):
    """The loss of the tangent model from its features, by objective."""
    value, tangents = tangent_of(setting.encoder).value_and_tangents(setting.theta_0, setting.taus, setting.images)
    values, stacked = dict.fromkeys(TASKS, value), dict.fromkeys(TASKS, torch.stack(tangents))
    return {name: of_features(values, stacked, labels, heads, name) for name in OBJECTIVES}


@pytest.fixture
def by_model(setting, heads, labels):
    def images(task, rows):
        return setting.images[rows], labels[task][rows]

    def of(encoder, objective="cross_entropy"):
        model = encoder.model_at(setting.theta_0)
        return of_model(model, setting.theta_0, setting.taus, images, heads, objective)

    return of


def total(loss, a, setting):
    return sum(loss(torch.as_tensor(a), dict.fromkeys(TASKS, np.arange(len(setting.images)))).values())


@pytest.mark.parametrize("objective", OBJECTIVES)
def test_features_give_the_tangent_models_own_loss_and_gradient(setting, by_features, by_model, objective):
    found = []
    for loss in (by_features[objective], by_model(tangent_of(setting.encoder), objective)):
        a = torch.tensor([0.3, -0.7], requires_grad=True)
        value = total(loss, a, setting)
        found.append((value.detach(), *torch.autograd.grad(value, a)))
    torch.testing.assert_close(found[0], found[1], rtol=1e-4, atol=1e-5)


def test_tasks_that_share_a_pass_have_the_losses_that_they_have_alone(setting, by_model):
    loss, a = by_model(setting.encoder), torch.tensor([0.3, -0.7])
    rows = {"a": np.arange(3), "b": np.arange(1, 6)}
    together, alone = loss(a, rows), {task: loss(a, {task: of})[task] for task, of in rows.items()}
    assert list(together) == TASKS
    for task in TASKS:
        torch.testing.assert_close(together[task], alone[task])


def test_a_coefficient_per_tensor_adds_up_to_that_of_the_vector(setting, by_model):
    loss, names = by_model(setting.encoder), list(setting.theta_0)
    whole = torch.tensor([0.3, -0.7], requires_grad=True)
    parts = whole.detach()[:, None].repeat(1, len(names)).requires_grad_()
    values = [total(loss, a, setting) for a in (whole, parts)]
    torch.testing.assert_close(*values)
    gradients = [torch.autograd.grad(value, a)[0] for value, a in zip(values, (whole, parts), strict=True)]
    torch.testing.assert_close(gradients[0], gradients[1].sum(1), rtol=1e-4, atol=1e-6)


def test_equal_coefficients_are_a_row_of_the_sweep(setting):
    """The model that equal coefficients make predicts what the sweep over the sum does at that alpha."""
    total = setting.taus[0] + setting.taus[1]
    row = predictions(setting.encoder, setting.theta_0, [total], torch.tensor([[0.4]]), setting.batches, setting.head)
    theta = combined(setting.theta_0, setting.taus, torch.tensor([0.4, 0.4]))
    embeddings = setting.encoder.encode(theta, setting.images)
    assert torch.equal(logits(embeddings, setting.head).argmax(-1), row[0])


def test_two_coefficients_find_the_least_loss_of_a_fine_grid(setting, by_features):
    loss = by_features["cross_entropy"]
    grid = torch.linspace(-6, 6, 49)
    values = torch.stack([torch.stack([total(loss, [a, b], setting) for b in grid]) for a in grid])
    row, column = divmod(int(values.argmin()), len(grid))
    images = dict.fromkeys(TASKS, len(setting.images))
    found = learn(loss, images, (2,), replace(EXACT, steps=1500))
    assert 0 < row < 48 and 0 < column < 48  # the grid holds the least one
    assert total(loss, found, setting) <= values.min() + 1e-4
    torch.testing.assert_close(found, torch.stack([grid[row], grid[column]]), atol=0.26, rtol=0)


@pytest.mark.parametrize("objective", OBJECTIVES)
def test_the_objective_is_not_above_task_arithmetics(setting, by_features, objective):
    loss, images = by_features[objective], dict.fromkeys(TASKS, len(setting.images))
    swept = min(total(loss, [float(alpha)] * 2, setting) for alpha in np.linspace(0, 1, 21))
    assert total(loss, learn(loss, images, (2,), EXACT), setting) <= swept + 1e-5


def test_bounds_hold_and_the_start_stays_without_steps(by_features, setting):
    images = dict.fromkeys(TASKS, len(setting.images))
    bounded = Learning(start=0.3, steps=200, batch=4, learning_rate=0.1, bounds=(0.2, 0.5))
    found = learn(by_features["cross_entropy"], images, (2,), bounded)
    assert found.min() >= 0.2 and found.max() <= 0.5 and not torch.equal(found, torch.full((2,), 0.3))
    assert learn(by_features["entropy"], images, (2,), Learning(0.3, 0, 4, 0.1)).tolist() == pytest.approx([0.3, 0.3])


def test_entropy_reads_no_label():
    scores = torch.tensor([[0.0, 0.0], [100.0, 0.0]])
    assert OBJECTIVES["entropy"](scores, None) == pytest.approx(np.log(2) / 2)


def test_batches_go_through_all_images_in_an_order_of_seed_and_task():
    order = batches(10, 4, 0, "a")
    epoch = np.concatenate([next(order), next(order)])
    assert len(set(epoch)) == 8 and all(len(next(order)) == 4 for _ in range(5))
    assert not np.array_equal(next(batches(10, 4, 0, "b")), next(batches(10, 4, 0, "a")))
    assert sorted(next(batches(3, 16, 0, "a"))) == [0, 1, 2]
    with pytest.raises(ValueError, match="no image"):
        next(batches(0, 4, 0, "a"))


def test_a_loss_that_is_not_finite_is_named():
    with pytest.raises(FloatingPointError, match="the loss of a is nan in step 0"):
        learn(lambda a, rows: dict.fromkeys(rows, a.sum() * float("nan")), {"a": 3}, (1,), EXACT)
