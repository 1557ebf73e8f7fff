"""The general tangent model against the explicit Jacobian."""

import pytest
import torch
from torch import nn

from lib.models import linearize
from lib.parameters import ParameterMismatch
from lib.precision import matmul_precision
from tests.lib.models.functions import direction, explicit_tangent, function_of, parameters, require_once_differentiable

MODULES = {
    "mlp": (lambda: nn.Sequential(nn.Linear(5, 7), nn.Tanh(), nn.LayerNorm(7), nn.Linear(7, 3)), (4, 5)),
    "convolution": (lambda: nn.Sequential(nn.Conv2d(2, 3, 3), nn.GELU(), nn.Flatten(), nn.Linear(27, 2)), (2, 2, 5, 5)),
    "attention": (lambda: nn.TransformerEncoderLayer(8, 2, 16, dropout=0.0, batch_first=True), (2, 3, 8)),
}


@pytest.mark.parametrize("kind", MODULES)
def test_linearize_equals_the_explicit_jacobian(kind):
    torch.manual_seed(0)
    make, shape = MODULES[kind]
    module = make().double().eval()
    x = torch.randn(*shape, dtype=torch.float64)

    def f(theta, x):
        return torch.func.functional_call(module, dict(theta), (x,)).flatten(1)

    theta_0 = parameters(module, torch.float64)
    tau = direction(theta_0, 0.3)
    with linearize.differentiable_attention():
        expected = explicit_tangent(f, theta_0, tau, x)
    torch.testing.assert_close(linearize.linearize(f, theta_0)(tau, x), expected, rtol=1e-10, atol=1e-12)


def test_in_bf16_the_general_tangent_model_adds_in_float32(tower):
    """A tangent far below the value's last bit in bf16 still moves the sum."""
    theta_0, x = parameters(tower, torch.float32), torch.randn(16, 3, 8, 8, generator=torch.Generator().manual_seed(0))
    tau = {n: v.requires_grad_() for n, v in direction(theta_0, 1e-5).items()}
    with matmul_precision("bf16", "cpu"):
        f_lin = linearize.linearize(function_of(tower), theta_0)
        moved, still = f_lin(tau, x), f_lin({n: torch.zeros_like(v) for n, v in tau.items()}, x)
        (moved**2).mean().backward()
    expected = linearize.jvp(function_of(tower), theta_0, tau, x)[1]
    assert moved.dtype is torch.float32 and ((moved - still) - expected).norm() < 0.05 * expected.norm()
    assert all(v.grad.dtype is torch.float32 for v in tau.values())


def test_a_second_derivative_is_an_error():
    f = nn.Sequential(nn.Linear(3, 4), nn.Tanh(), nn.Linear(4, 2))
    theta_0, x = parameters(f, torch.float32), torch.randn(5, 3, generator=torch.Generator().manual_seed(0))
    f_lin = linearize.linearize(function_of(f), theta_0)
    require_once_differentiable(lambda tau: f_lin(tau, x), direction(theta_0, 0.1))


def test_value_tangent_and_gradient_leave_no_tape_behind():
    f = nn.Linear(3, 2)
    theta_0, x = parameters(f, torch.float32), torch.ones(1, 3)
    value, tangent = linearize.jvp(function_of(f), theta_0, direction(theta_0, 1.0), x)
    gradient = linearize.vjp(function_of(f), theta_0, torch.ones(1, 2), x)
    assert not any(t.requires_grad for t in (value, tangent, *gradient.values()))
    assert torch.equal(gradient["weight"], torch.ones(2, 3)) and torch.equal(gradient["bias"], torch.ones(2))


def test_other_names_are_refused():
    f = nn.Linear(3, 2)
    f_lin = linearize.linearize(function_of(f), parameters(f, torch.float32))
    with pytest.raises(ParameterMismatch, match="tangent model: .*missing 1 .bias."):
        f_lin({"weight": torch.zeros(2, 3)}, torch.ones(1, 3))
