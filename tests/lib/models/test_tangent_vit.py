"""The tangent model against the explicit Jacobian, and its two implementations against each other."""

import pytest
import torch
from torch import nn

from lib.editing.task_vector import TaskVector
from lib.models import linearize, tangent_vit
from lib.models.vit import shape_of
from lib.parameters import ParameterMismatch
from lib.precision import matmul_precision
from tests.lib.models.functions import (
    direction,
    explicit_tangent,
    function_of,
    kept_for_backward,
    parameters,
    require_once_differentiable,
)


@pytest.fixture(params=["general", "one pass"])
def f_lin_maker(request, tower):
    tower.double()
    if request.param == "general":
        return lambda theta_0: linearize.linearize(function_of(tower), theta_0)
    return lambda theta_0: tangent_vit.linearize_vit(shape_of(tower), theta_0)


@pytest.fixture
def images():
    return torch.randn(3, 3, 8, 8, dtype=torch.float64, generator=torch.Generator().manual_seed(3))


def test_image_tower_equals_the_explicit_jacobian(tower, f_lin_maker, images):
    theta_0 = parameters(tower.double(), torch.float64)
    tau = direction(theta_0, 0.2)
    with linearize.differentiable_attention():
        expected = explicit_tangent(function_of(tower), theta_0, tau, images)
    torch.testing.assert_close(f_lin_maker(theta_0)(tau, images), expected, rtol=1e-9, atol=1e-11)


@pytest.mark.parametrize("name", ["conv1.weight", "class_embedding", "positional_embedding", "ln_pre", "ln_1.weight",
                                  "ln_1.bias", "in_proj_weight", "in_proj_bias", "out_proj", "ln_2", "c_fc", "c_proj",
                                  "ln_post", "proj"])  # fmt: skip
def test_no_term_of_the_tangent_is_missing(tower, f_lin_maker, images, name):
    """Each kind of parameter alone moves the tangent model as central differences say, at first order."""
    theta_0 = parameters(tower.double(), torch.float64)
    tau = {n: v if name in n else torch.zeros_like(v) for n, v in direction(theta_0, 1.0).items()}
    f, step = function_of(tower), 1e-5
    ahead = f({n: theta_0[n] + step * tau[n] for n in tau}, images)
    behind = f({n: theta_0[n] - step * tau[n] for n in tau}, images)
    moved = f_lin_maker(theta_0)(tau, images) - f(theta_0, images)
    assert moved.abs().max() > 1e-3
    torch.testing.assert_close(moved, (ahead - behind) / (2 * step), rtol=1e-5, atol=1e-7)


def test_gradient_is_the_transposed_jacobian(tower, f_lin_maker, images):
    theta_0 = parameters(tower.double(), torch.float64)
    tau = {n: v.requires_grad_() for n, v in direction(theta_0, 0.2).items()}
    cotangent = torch.randn(3, 8, dtype=torch.float64, generator=torch.Generator().manual_seed(4))
    (f_lin_maker(theta_0)(tau, images) * cotangent).sum().backward()
    with linearize.differentiable_attention():
        jacobian = torch.func.jacrev(lambda theta: function_of(tower)(theta, images))(theta_0)
    for name, block in jacobian.items():
        torch.testing.assert_close(tau[name].grad, torch.einsum("nd,nd...->...", cotangent, block))


def test_laws_of_the_tangent_model(tower, f_lin_maker, images):
    theta_0 = parameters(tower.double(), torch.float64)
    f_lin = f_lin_maker(theta_0)
    a, b = TaskVector(direction(theta_0, 0.1, seed=5)), TaskVector(direction(theta_0, 0.1, seed=6))
    value = function_of(tower)(theta_0, images)
    torch.testing.assert_close(f_lin(0.0 * a, images), value, rtol=1e-9, atol=1e-11)
    moved = f_lin(0.3 * a - 2 * b, images)
    expected = value + 0.3 * (f_lin(a, images) - value) - 2 * (f_lin(b, images) - value)
    torch.testing.assert_close(moved, expected, rtol=1e-8, atol=1e-10)


def test_one_pass_serves_many_vectors(tower, images):
    theta_0 = parameters(tower.double(), torch.float64)
    taus = [direction(theta_0, 0.1, seed) for seed in (1, 2, 3)]
    with torch.no_grad():
        value, tangents = tangent_vit.value_and_tangents(shape_of(tower), theta_0, taus, images)
    torch.testing.assert_close(value, function_of(tower)(theta_0, images))
    for tau, tangent in zip(taus, tangents, strict=True):
        torch.testing.assert_close(tangent, linearize.jvp(function_of(tower), theta_0, tau, images)[1])


def test_both_implementations_agree_in_float32(tower):
    theta_0 = parameters(tower, torch.float32)
    tau, x = direction(theta_0, 0.05), torch.randn(4, 3, 8, 8, generator=torch.Generator().manual_seed(0))
    fast = tangent_vit.linearize_vit(shape_of(tower), theta_0)(tau, x)
    general = linearize.linearize(function_of(tower), theta_0)(tau, x)
    assert (fast - general).norm() / general.norm() < 1e-5


@pytest.mark.parametrize("recompute", [False, True])
def test_in_bf16_it_stays_close_to_float32_and_gives_float32(tower, recompute):
    """Products alone are rounded, to 8 bits; nothing of it in the types that come out."""
    theta_0, shape = parameters(tower, torch.float32), shape_of(tower)
    x, tau = torch.randn(16, 3, 8, 8, generator=torch.Generator().manual_seed(0)), direction(theta_0, 0.05)
    found = {}
    for precision in ("float32", "bf16"):
        leaves = {n: v.clone().requires_grad_() for n, v in tau.items()}
        with matmul_precision(precision, "cpu"):
            with torch.no_grad():
                value, (tangent,) = tangent_vit.value_and_tangents(shape, theta_0, [tau], x)
            (tangent_vit.linearize_vit(shape, theta_0, recompute=recompute)(leaves, x) ** 2).mean().backward()
        gradient = torch.cat([leaf.grad.flatten() for leaf in leaves.values()])
        found[precision] = value, tangent, gradient
    for exact, rounded in zip(found["float32"], found["bf16"], strict=True):
        assert rounded.dtype is torch.float32
        assert 1e-4 < (rounded - exact).norm() / exact.norm() < 2e-2


def test_as_a_function_of_theta_it_is_the_same_to_the_bit(tower):
    theta_0, shape = parameters(tower, torch.float32), shape_of(tower)
    theta = {n: (theta_0[n] + d).requires_grad_() for n, d in direction(theta_0, 0.05).items()}
    x = torch.randn(4, 3, 8, 8, generator=torch.Generator().manual_seed(0))
    tau = {n: (theta[n].detach() - theta_0[n]).requires_grad_() for n in theta}
    values = tangent_vit.linearize_vit_at(shape, theta_0)(theta, x), tangent_vit.linearize_vit(shape, theta_0)(tau, x)
    for value in values:
        (value**2).sum().backward()
    assert torch.equal(*values) and all(torch.equal(theta[n].grad, tau[n].grad) for n in tau)


@pytest.mark.parametrize("activation", [nn.GELU, "quick"])
def test_both_activations(tower, images, activation):
    if activation is nn.GELU:
        for block in tower.transformer.resblocks:
            block.mlp.gelu = nn.GELU()
    theta_0 = parameters(tower.double(), torch.float64)
    tau = direction(theta_0, 0.1)
    fast = tangent_vit.linearize_vit(shape_of(tower), theta_0)(tau, images)
    torch.testing.assert_close(fast, linearize.linearize(function_of(tower), theta_0)(tau, images))


def test_recomputed_activations_change_no_bit_and_are_not_kept(tower):
    theta_0, shape = parameters(tower, torch.float32), shape_of(tower)
    x = torch.randn(4, 3, 8, 8, generator=torch.Generator().manual_seed(0))
    found, kept = {}, {}
    for recompute in (False, True):
        leaves = {n: v.requires_grad_() for n, v in direction(theta_0, 0.05).items()}
        f_lin = tangent_vit.linearize_vit(shape, theta_0, recompute=recompute)
        value, kept[recompute] = kept_for_backward(f_lin, leaves, x)
        (value**2).sum().backward()
        found[recompute] = [value.detach(), *(leaf.grad for leaf in leaves.values())]
    assert all(torch.equal(a, b) for a, b in zip(found[False], found[True], strict=True))
    assert kept[True] < kept[False] / 2


@pytest.mark.parametrize("recompute", [False, True])
@pytest.mark.parametrize("make", [tangent_vit.linearize_vit, tangent_vit.linearize_vit_at, tangent_vit.tangent_of_vit])
def test_a_second_derivative_is_an_error(tower, images, make, recompute):
    theta_0 = parameters(tower.double(), torch.float64)
    model = make(shape_of(tower), theta_0, recompute=recompute)
    require_once_differentiable(lambda tau: model(tau, images), direction(theta_0, 0.1))


def test_other_names_and_towers_are_refused(tower, images):
    theta_0 = parameters(tower.double(), torch.float64)
    with pytest.raises(ParameterMismatch, match="missing 1 .proj."):
        shape = shape_of(tower)
        tangent_vit.linearize_vit(shape, theta_0)({n: v for n, v in theta_0.items() if n != "proj"}, images)
    with pytest.raises(TypeError, match="lib.models.linearize.linearize"):
        shape_of(nn.Linear(2, 2))
