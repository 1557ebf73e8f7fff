"""Fine-tuning on few points: a step by hand, batches that cover the points, and that it learns."""

import pytest
import torch
from torch.nn.functional import cross_entropy

from lib.kernels.few_shot_tuning import _batches, tune

X = torch.randn(12, 5, generator=torch.Generator().manual_seed(0), dtype=torch.float64)
LABELS = torch.arange(12) % 3
THETA = {"weight": torch.zeros(3, 5, dtype=torch.float64)}


def f(theta, x):
    return x @ theta["weight"].mT


def tuned(**more):
    options = {"optimizer": "sgd", "learning_rate": 0.5, "steps": 1, "batch_size": 12, "seed": 0}
    return tune(f, THETA, X, LABELS, **(options | more))["weight"]


def test_a_step_of_sgd_by_hand():
    weight = THETA["weight"].clone().requires_grad_()
    cross_entropy(f({"weight": weight}, X), LABELS).backward()
    torch.testing.assert_close(tuned(), -0.5 * weight.grad)
    assert THETA["weight"].eq(0).all()


def test_adams_first_step_is_the_sign_of_the_gradient():
    step = tuned(optimizer="adam", learning_rate=0.1)
    torch.testing.assert_close(step, 0.1 * tuned().sign(), atol=1e-5, rtol=0)


def test_it_learns_and_is_a_function_of_the_seed():
    learnt = tuned(steps=200, batch_size=5)
    assert cross_entropy(X @ learnt.mT, LABELS) < 0.5 * cross_entropy(X @ THETA["weight"].mT, LABELS)
    assert torch.equal(learnt, tuned(steps=200, batch_size=5))
    assert not torch.equal(learnt, tuned(steps=200, batch_size=5, seed=1))


def test_a_pass_has_every_point_once_in_whole_batches():
    batches = _batches(10, 4, seed=0)
    found = [next(batches) for _ in range(4)]
    assert [len(rows) for rows in found] == [4] * 4
    for one, other in (found[:2], found[2:]):
        assert len(set(one.tolist()) | set(other.tolist())) == 8
    assert sorted(next(_batches(3, 8, seed=0)).tolist()) == [0, 1, 2]


def test_several_inputs_go_together():
    def g(theta, a, b):
        return f(theta, a + b)

    found = tune(g, THETA, (X, X), LABELS, optimizer="sgd", learning_rate=0.5, steps=3, batch_size=4, seed=0)
    doubled = tune(f, THETA, 2 * X, LABELS, optimizer="sgd", learning_rate=0.5, steps=3, batch_size=4, seed=0)
    torch.testing.assert_close(found["weight"], doubled["weight"])


def test_divergence_is_an_error():
    with pytest.raises(ValueError, match=r"the loss is \w+ at step \d+: learning rate 1e\+308 is too large"):
        tuned(learning_rate=1e308, steps=5)
