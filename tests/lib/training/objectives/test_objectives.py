"""Objectives by hand, and what all of them share."""

import math
from importlib import import_module

import pytest
import torch

from lib.training.objectives import cross_entropy, gradient_ascent
from lib.training.objectives.interface import Context

HEAD = torch.tensor([[2.0, 0.0], [0.0, 3.0]])
FEATURES = torch.tensor([[3.0, 4.0], [0.0, 5.0], [-1.0, 0.0]])
LABELS = torch.tensor([1, 1, 0])


def context(model=lambda theta, images: FEATURES + theta["shift"]):
    return Context(model, {"shift": torch.zeros(2)}, HEAD)


def by_hand(rows):
    """-log softmax of the right class, of logits 2 cos and 3 cos with the axes, summed over rows."""
    logits = {0: (1.2, 2.4), 1: (0.0, 3.0), 2: (-2.0, 0.0)}
    return sum(-(logits[i][LABELS[i]] - math.log(sum(map(math.exp, logits[i])))) for i in rows)


def value(objective, rows=slice(None), shift=(0.0, 0.0)):
    model = context(lambda theta, images: FEATURES[images] + theta["shift"])
    index = torch.arange(3)[rows]
    return objective(model)({"shift": torch.tensor(shift)}, (index, LABELS[index]), 0)


def test_cross_entropy_by_hand():
    torch.testing.assert_close(value(cross_entropy.objective), torch.tensor(by_hand([0, 1, 2])))


def test_gradient_ascent_is_its_negative_by_hand():
    torch.testing.assert_close(value(gradient_ascent.objective), torch.tensor(-by_hand([0, 1, 2])))


def test_the_gradient_of_cross_entropy_is_that_of_differences():
    def at(shift):
        return value(cross_entropy.objective, shift=shift).item()

    shift = torch.zeros(2, requires_grad=True)
    loss = cross_entropy.objective(context())({"shift": shift}, (None, LABELS), 0)
    (gradient,) = torch.autograd.grad(loss, shift)
    step = 1e-2
    expected = [(at((step, 0.0)) - at((-step, 0.0))) / (2 * step), (at((0.0, step)) - at((0.0, -step))) / (2 * step)]
    assert gradient.tolist() == pytest.approx(expected, rel=1e-3)


def test_the_loss_does_not_depend_on_the_length_of_an_embedding():
    model = context(lambda theta, images: 7.0 * FEATURES)
    torch.testing.assert_close(cross_entropy.objective(model)({}, (None, LABELS), 0), torch.tensor(by_hand([0, 1, 2])))


@pytest.mark.parametrize("name", ["cross_entropy", "gradient_ascent"])
def test_an_objective_is_a_sum_over_the_images_of_a_batch(name):
    """The loop divides by the images of the whole step: a mean would weigh small micro-batches more."""
    objective = import_module(f"lib.training.objectives.{name}").objective
    parts = value(objective, slice(0, 1)) + value(objective, slice(1, 3))
    torch.testing.assert_close(parts, value(objective))
