"""WUDI: the closed form is the loss's minimum, Adam stops between it and the sum."""

import pytest
import torch

from lib.editing.merging import wudi
from tests.lib.editing.merging.test_merging import MATRICES, merge, vector

TAUS = {task: vector(seed) for seed, task in enumerate(("Cars", "DTD", "MNIST"))}


def loss(w, name):
    """As the paper writes it."""
    taus = [tau[name] for tau in TAUS.values()]
    return sum(((w - tau) @ tau.mT).square().sum() / tau.square().sum() for tau in taus)


def gradient(w, name):
    w = w.clone().requires_grad_()
    return torch.autograd.grad(loss(w, name), w)[0]


@pytest.mark.parametrize("name", MATRICES)
class TestLoss:
    def test_the_gradient_at_the_closed_form_is_zero(self, name):
        found = gradient(merge("wudi", TAUS)[name], name)
        assert found.abs().max() < 1e-10 < gradient(sum(TAUS.values())[name], name).abs().max()

    def test_the_gradient_is_that_of_the_paper(self, name):
        h, b = wudi.interference([tau[name] for tau in TAUS.values()])
        w = vector(9)[name]
        torch.testing.assert_close(2 * (w @ h - b), gradient(w, name))

    @pytest.mark.parametrize("learning_rate", [1e-5, 1e-3])
    def test_closed_below_adam_below_sum(self, name, learning_rate):
        adam = merge("wudi-adam", TAUS, learning_rate=learning_rate)
        rules = (merge("wudi", TAUS), adam, sum(TAUS.values()))
        closed, adam, total = (loss(vectors[name], name).item() for vectors in rules)
        assert closed < adam < total

    def test_adam_from_the_sum_is_torchs_own(self, name):
        w = torch.nn.Parameter(sum(TAUS.values())[name].clone())
        optimizer = torch.optim.Adam([w], lr=1e-3)
        for _ in range(20):
            optimizer.zero_grad()
            loss(w, name).backward()
            optimizer.step()
        found = merge("wudi-adam", TAUS, steps=20, learning_rate=1e-3)[name]
        torch.testing.assert_close(found, w.detach())

    def test_the_released_steps_hardly_leave_the_sum(self, name):
        """A step of Adam is about as long as its rate."""
        moved = (merge("wudi-adam", TAUS)[name] - sum(TAUS.values())[name]).abs().max()
        assert 0 < moved < 1.1 * 300 * 1e-5


def test_many_steps_lead_to_the_closed_form():
    """Where the vectors' rows span all directions, so that the minimum is one point."""
    found = merge("wudi-adam", TAUS, steps=3000, learning_rate=3e-2)
    for name in MATRICES:
        torch.testing.assert_close(found[name], merge("wudi", TAUS)[name], rtol=0, atol=1e-3)


def test_of_directions_in_no_task_the_least_norm_is_taken():
    wide = {str(seed): vector(seed, {"a": (2, 9)}) for seed in range(3)}
    merged = merge("wudi", wide)["a"]
    rows = torch.cat([tau["a"] for tau in wide.values()])  # span 6 of 9 directions
    torch.testing.assert_close(merged @ torch.linalg.pinv(rows) @ rows, merged)


def test_float32_is_close_to_float64():
    """A Gram matrix in float32 would lose half of the digits."""
    low = {task: vector(seed, dtype=torch.float32) for seed, task in enumerate(TAUS)}
    high = {task: type(tau)({n: v.double() for n, v in tau.items()}) for task, tau in low.items()}
    found, expected = merge("wudi", low), merge("wudi", high)
    for name in MATRICES:
        torch.testing.assert_close(found[name], expected[name].float(), rtol=1e-6, atol=1e-6)
