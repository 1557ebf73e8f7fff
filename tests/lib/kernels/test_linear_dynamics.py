"""The closed form of gradient descent on a linearized model against a thousand steps of it, in float64."""

import pytest
import torch

from lib.kernels.linear_dynamics import LinearDynamics, analytic
from lib.kernels.ntk import ntk
from lib.kernels.regression import converged
from lib.kernels.wide_networks import WideNetwork, descend, linearized

GENERATOR = torch.Generator().manual_seed(0)
X = torch.nn.functional.normalize(torch.randn(8, 3, generator=GENERATOR, dtype=torch.float64), dim=1) * 2
WATCHED = {"layers.0.weight": [0, 17], "layers.2.bias": [0]}


def setting(outputs, learning_rate=0.05, steps=(0, 1, 10, 1000)):
    f = WideNetwork(inputs=3, width=24, hidden_layers=2, outputs=outputs)
    theta_0 = f.initial(seed=1, dtype=torch.float64)
    y = torch.randn(5, outputs, generator=torch.Generator().manual_seed(2), dtype=torch.float64)
    options = {"learning_rate": learning_rate, "steps": steps, "x_test": X[5:], "watched": WATCHED}
    return f, theta_0, y, options


@pytest.mark.parametrize("outputs", [1, 2])
def test_it_equals_a_thousand_steps_of_gradient_descent(outputs):
    f, theta_0, y, options = setting(outputs)
    taken = descend(linearized(f, theta_0), theta_0, X[:5], y, **options)
    found = analytic(f, theta_0, X[:5], y, **options)
    for kind in ("outputs", "outputs_test", "weights"):
        torch.testing.assert_close(getattr(found, kind), getattr(taken, kind), rtol=1e-8, atol=1e-9)
    assert (taken.outputs[-1] - taken.outputs[0]).abs().max() > 0.1 and found.steps == taken.steps


def test_small_steps_come_to_gradient_flow():
    """A thousand steps of a thousandth: the difference falls with the step size."""
    f, theta_0, y, options = setting(1)
    flow = analytic(f, theta_0, X[:5], y, **{**options, "learning_rate": 1.0, "steps": (0, 1)}, flow=True)
    errors = []
    for count in (100, 1000):
        steps = analytic(f, theta_0, X[:5], y, **{**options, "learning_rate": 1 / count, "steps": (0, count)})
        errors.append((steps.outputs[-1] - flow.outputs[-1]).norm().item())
    assert errors[1] < 0.15 * errors[0] and errors[1] < 1e-2 * (flow.outputs[1] - flow.outputs[0]).norm()


def test_in_the_end_it_is_jacots_closed_form():
    f, theta_0, y, options = setting(2)
    found = analytic(f, theta_0, X[:5], y, **{**options, "steps": (0, 10**9)}, flow=True)
    pairs = ntk(f, theta_0, X, outputs="pairs")
    f_0 = f(theta_0, X)
    limit = converged(pairs[..., :5, :5], pairs[..., :5, 5:], y, f_0=f_0[:5], f_0_other=f_0[5:])
    torch.testing.assert_close(found.outputs_test[-1], limit)
    torch.testing.assert_close(found.outputs[-1], y)


def test_modes_decay_by_their_eigenvalues():
    """K = diag(4, 1, 0), n = 3: the errors after t steps are (1 - 0.6 k / 3)^t of what they were."""
    kernel, residual = torch.diag(torch.tensor([4.0, 1.0, 0.0]))[None, None], torch.ones(3, 1)
    dynamics = LinearDynamics.of(kernel, residual, learning_rate=0.6)
    left = 1 - dynamics.change(kernel, 5)[:, 0]
    torch.testing.assert_close(left, torch.tensor([0.2**5, 0.8**5, 1.0], dtype=torch.float64))
    assert dynamics.coefficients(5)[2].item() == pytest.approx(5 * 0.6 / 3)


def test_large_steps_swing_and_larger_ones_are_refused():
    kernel, residual = torch.full((1, 1, 1, 1), 2.0), torch.ones(1, 1)
    swinging = LinearDynamics.of(kernel, residual, learning_rate=0.9)
    assert [1 - swinging.change(kernel, t).item() for t in (0, 1, 2)] == pytest.approx([1, -0.8, 0.64])
    with pytest.raises(ValueError, match="allows less than 1"):
        LinearDynamics.of(kernel, residual, learning_rate=1.0)
    LinearDynamics.of(kernel, residual, learning_rate=1.0, flow=True)
