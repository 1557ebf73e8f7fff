"""The empirical NTK against explicit Jacobians in float64, for every kind of function, output and tile."""

import pytest
import torch
from torch import nn

from lib.kernels.memory import layout_of
from lib.kernels.ntk import ntk
from lib.kernels.tape import Copies
from tests.lib.kernels.functions import KINDS, case, of_module

EQUATIONS = {"each": "ncp,mcp->cnm", "pairs": "ncp,mdp->cdnm", "sum": "ncp,mcp->nm"}


def close(found, expected):
    torch.testing.assert_close(found, expected, rtol=1e-10, atol=1e-12 * expected.abs().max().item())


def memory_for(kernel_case, points, **options):
    """MiB that hold so many points and one more's half."""
    _, layout = layout_of(
        Copies(kernel_case.f, kernel_case.theta, list(kernel_case.theta), **options), (kernel_case.x,)
    )
    return (points + 0.5) * (layout.tape + layout.transient) / 2**20 * 16 / 15


@pytest.mark.parametrize("kind", KINDS)
def test_it_equals_explicit_jacobians(kind, tower):
    one = case(kind, tower)
    jacobians = one.jacobians()
    for outputs, equation in EQUATIONS.items():
        close(ntk(one.f, one.theta, one.x, outputs=outputs), torch.einsum(equation, jacobians, jacobians))
    close(ntk(one.f, one.theta, one.x[:2], one.x[1:]), torch.einsum(EQUATIONS["each"], jacobians[:2], jacobians[1:]))


@pytest.mark.parametrize("points", [2, 3])
def test_any_memory_gives_the_same_kernel_in_more_tiles(points):
    one, counts = case("mlp"), []
    jacobians = one.jacobians()

    def counted(tiles):
        counts.append(len(tiles))
        return tiles

    options = {"memory_mib": memory_for(one, points), "progress": counted}
    for outputs, equation in EQUATIONS.items():
        rows = slice(0, 2 if outputs == "pairs" else 5)
        found = ntk(one.f, one.theta, one.x[rows], outputs=outputs, **options)
        close(found, torch.einsum(equation, jacobians[rows], jacobians[rows]))
    close(
        ntk(one.f, one.theta, one.x[:2], one.x[1:], **options),
        torch.einsum(EQUATIONS["each"], jacobians[:2], jacobians[1:]),
    )
    assert all(count > 1 for count in counts)


@pytest.mark.parametrize("kind", ["convolution", "text"])
def test_without_vmap_it_is_the_same(kind):
    one = case(kind)
    jacobians = one.jacobians()
    close(ntk(one.f, one.theta, one.x, vectorize=False), torch.einsum(EQUATIONS["each"], jacobians, jacobians))


def test_it_is_symmetric_to_the_bit_and_positive_semi_definite():
    one = case("mlp")
    theta, x = {name: value.float() for name, value in one.theta.items()}, torch.randn(60, 5)
    for kernel in ntk(one.f, theta, x, memory_mib=0.1):
        values = torch.linalg.eigvalsh(kernel)
        assert torch.equal(kernel, kernel.mT) and values[0] > -1e-6 * values[-1]
    pairs = ntk(one.f, theta, x[:6], outputs="pairs")
    assert torch.equal(pairs, pairs.permute(1, 0, 3, 2))


def test_only_the_trained_parameters_count():
    one = case("text")
    names = [name for name in one.theta if "self_attn" in name and name.endswith("weight")]
    jacobians = one.jacobians(names)
    found = ntk(one.f, one.theta, one.x, trained=names)
    assert len(names) == 2
    close(found, torch.einsum(EQUATIONS["each"], jacobians, jacobians))


def test_several_inputs_and_one_output_without_an_axis():
    theta = {"a": torch.randn(3, dtype=torch.float64), "unused": torch.ones(2, dtype=torch.float64)}
    x, mask = torch.randn(4, 3, dtype=torch.float64), torch.tensor([[1, 0, 1]] * 4)
    found = ntk(lambda theta, x, mask: (x * mask) @ theta["a"], theta, (x, mask))
    close(found, ((x * mask) @ (x * mask).mT)[None])


def test_a_function_without_parameters_in_its_output_has_the_zero_kernel():
    theta = {"a": torch.ones(3)}
    assert torch.equal(ntk(lambda theta, x: 2 * x, theta, torch.ones(3, 2)), torch.zeros(2, 3, 3, dtype=torch.float64))


def test_an_affine_functions_kernel_is_written_by_hand():
    """f(x) = w x + b: <grad f(x), grad f(x')> = x . x' + 1, whatever w and b."""
    one = of_module(nn.Linear(3, 1), torch.tensor([[1.0, 2.0, 0.0], [0.0, -1.0, 3.0]], dtype=torch.float64))
    assert ntk(one.f, one.theta, one.x)[0].tolist() == [[6.0, -1.0], [-1.0, 11.0]]


def test_what_does_not_fit_is_refused():
    one = case("mlp")
    wrong = [
        ({"memory_mib": 1e-4}, "memory_mib 0.0001 holds 0 points"),
        ({"outputs": "all"}, "outputs 'all'"),
        ({"trained": ["9.weight"]}, "does not have"),
        ({"trained": []}, "one at least"),
    ]
    for options, message in wrong:
        with pytest.raises(ValueError, match=message):
            ntk(one.f, one.theta, one.x, **options)
    with pytest.raises(ValueError, match="one point at least"):
        ntk(one.f, one.theta, one.x[:0])
    with pytest.raises(RuntimeError, match="vectorize=False"):
        ntk(lambda theta, x: one.f(theta, x) if x.sum() > 0 else x, one.theta, one.x)
