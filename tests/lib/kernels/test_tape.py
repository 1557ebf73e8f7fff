"""Which gradients come in factors, and that unusual uses of a parameter are neither missed nor counted twice."""

import pytest
import torch
import torch.nn.functional as F

from lib.kernels.gram import Gram
from lib.kernels.memory import layout_of
from lib.kernels.ntk import ntk
from lib.kernels.tape import Copies
from tests.lib.kernels.functions import Case, case

X = torch.randn(4, 3, 6, generator=torch.Generator().manual_seed(0), dtype=torch.float64)
W = torch.randn(6, 6, generator=torch.Generator().manual_seed(1), dtype=torch.float64)
TOKENS = torch.tensor([[0, 1, 1], [2, 1, 0], [3, 3, 3], [0, 4, 2]])


def whole(one, *names):
    """The parameters whose gradients are made."""
    copies, _ = layout_of(Copies(one.f, one.theta, list(one.theta)), (one.x,))
    return set(copies.record((one.x,)).whole)


USES = {
    "shared by two layers": (lambda w, x: F.linear(F.linear(x, w).tanh(), w).sum((1, 2))[:, None], True),
    "used as it is and transposed": (lambda w, x: F.linear(F.linear(x, w).tanh(), w.mT).sum((1, 2))[:, None], True),
    "in two slices": (
        lambda w, x: (F.linear(x[:, :1], w[:2]).sum((1, 2)) * F.linear(x, w[2:]).sum((1, 2)))[:, None],
        True,
    ),
    "in overlapping slices": (
        lambda w, x: (F.linear(x[:, :1], w[:4]).sum((1, 2)) * F.linear(x, w[2:]).sum((1, 2)))[:, None],
        False,
    ),
    "also added": (lambda w, x: (F.linear(x, w) + w[:3]).square().sum((1, 2))[:, None], False),
    "scaled before": (lambda w, x: F.linear(x, 3 * w).square().sum((1, 2))[:, None], False),
    "reshaped": (lambda w, x: F.linear(x.flatten(1)[:, :9], w.reshape(4, 9)).square().sum(1)[:, None], True),
    "squared": (lambda w, x: ((w @ w) * x[:, 0, :1, None]).sum((1, 2))[:, None], False),
    "on the left": (lambda w, x: (w @ x.mT).square().sum((1, 2))[:, None], True),
    "not by every output": (lambda w, x: torch.stack([F.linear(x, w).sum((1, 2)), x.sum((1, 2))], 1), True),
    "of one row": (lambda w, x: F.linear(x, w[:1]).square().sum((1, 2))[:, None], True),
}


@pytest.mark.parametrize("use", USES)
def test_a_weights_unusual_uses(use):
    f, factored = USES[use]
    one = Case(lambda theta, x: f(theta["w"], x), {"w": W}, X)
    jacobians = one.jacobians()
    found = ntk(one.f, one.theta, one.x, outputs="pairs")
    torch.testing.assert_close(found, torch.einsum("ncp,mdp->cdnm", jacobians, jacobians), rtol=1e-10, atol=1e-10)
    assert whole(one) == (set() if factored else {"w"})


def test_a_product_of_two_parameters_is_not_missed():
    """As in a low-rank update, W = B A: no input lies behind their product."""
    theta = {"a": W[:2], "b": W[:, :2]}
    one = Case(lambda theta, x: F.linear(x, theta["b"] @ theta["a"]).square().sum(1), theta, X)
    jacobians = one.jacobians()
    torch.testing.assert_close(ntk(one.f, theta, X), torch.einsum("ncp,mcp->cnm", jacobians, jacobians))


TABLES = {
    "looked up": (lambda w, t: F.embedding(t, w).square().sum((1, 2))[:, None], True),
    "looked up twice": (lambda w, t: (F.embedding(t, w) * F.embedding(t[:, :1], w)).sum((1, 2))[:, None], True),
    "the same tokens at each point": (
        lambda w, t: (F.embedding(torch.tensor([1, 2, 1]), w) * t[..., None]).sum(1),
        True,
    ),
    "with padding": (lambda w, t: F.embedding(t, w, padding_idx=1).square().sum((1, 2))[:, None], True),
    "tied to the output": (lambda w, t: F.linear(F.embedding(t, w).mean(1), w), False),
    "by an index": (lambda w, t: w[t].square().sum((1, 2))[:, None], False),
}


@pytest.mark.parametrize("use", TABLES)
def test_an_embedding_tables_uses(use):
    f, factored = TABLES[use]
    one = Case(lambda theta, t: f(theta["w"], t), {"w": W}, TOKENS)
    jacobians = one.jacobians()
    if use == "with padding":
        jacobians.unflatten(2, (6, 6))[:, :, 1] = 0
    found = ntk(one.f, one.theta, one.x, outputs="pairs")
    torch.testing.assert_close(found, torch.einsum("ncp,mdp->cdnm", jacobians, jacobians), rtol=1e-10, atol=1e-10)
    assert whole(one) == (set() if factored else {"w"})


@pytest.mark.parametrize("kind", ["mlp", "text", "vit", "open_clip's tower"])
def test_matrices_come_in_factors(kind, tower):
    """Only vectors' gradients are made, positions and a convolution's kernel aside."""
    found = whole(case(kind, tower))
    assert {name for name in found if name.endswith("weight") and "norm" not in name and "ln_" not in name} <= {
        "conv1.weight"
    }


def test_a_tape_serves_several_outputs_and_leaves_no_hook_behind():
    one = case("mlp")
    tape = Copies(one.f, one.theta, list(one.theta)).record((one.x,))
    totals = []
    for _ in range(2):
        gram = Gram((0, 5), (0, 5))
        tape.backward(torch.ones(5, 3, dtype=torch.float64), gram, keep=True)
        totals.append(gram.total)
    assert torch.equal(*totals)
