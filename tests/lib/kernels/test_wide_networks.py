"""Wide networks in NTK parametrisation: their scale at theta_0, and that they train as their linearization does."""

import pytest
import torch

from lib.kernels.wide_networks import WideNetwork, descend, linearized, standardised
from lib.reporting.power_law import power_law

GENERATOR = torch.Generator().manual_seed(0)
X = torch.nn.functional.normalize(torch.randn(10, 4, generator=GENERATOR, dtype=torch.float64), dim=1) * 2
Y = torch.randint(0, 2, (10, 1), generator=GENERATOR).double() * 2 - 1


def network(width, hidden_layers=2):
    found = WideNetwork(inputs=4, width=width, hidden_layers=hidden_layers)
    return found, found.initial(seed=0, dtype=torch.float64)


def trained(f, theta_0, steps=(0, 40), learning_rate=0.2, **options):
    x, y, x_test = X[:6], Y[:6], X[6:]
    return descend(f, theta_0, x, y, learning_rate=learning_rate, steps=steps, x_test=x_test, **options)


def test_the_network_is_the_one_of_the_paper():
    """h = sigma_w / sqrt(fan_in) W x + sigma_b b, by hand for one hidden unit."""
    theta = {
        "layers.0.weight": torch.tensor([[3.0, -1.0]]),
        "layers.0.bias": torch.tensor([2.0]),
        "layers.1.weight": torch.tensor([[5.0]]),
        "layers.1.bias": torch.tensor([-1.0]),
    }
    f = WideNetwork(inputs=2, width=1, hidden_layers=1, weight_variance=8.0, bias_variance=0.25)
    hidden = 2 * (3 * 1 - 1 * 2) + 0.5 * 2
    found = f(theta, torch.tensor([[1.0, 2.0], [-9.0, 0.0]]))
    torch.testing.assert_close(found, torch.tensor([[8**0.5 * 5 * hidden - 0.5], [-0.5]]))


def test_outputs_keep_their_size_at_any_width_and_weights_are_standard_normal():
    for width in (64, 1024):
        f, theta = network(width, hidden_layers=3)
        draws = torch.cat([f(f.initial(seed=seed, dtype=torch.float64), X) for seed in range(20)])
        assert 0.5 < draws.std() < 3
        weights = torch.cat([value.flatten() for value in theta.values()])
        assert abs(weights.mean()) < 0.05 and abs(weights.std() - 1) < 0.05


def test_initial_weights_are_a_function_of_the_seed():
    f, theta = network(8)
    again, other = f.initial(seed=0, dtype=torch.float64), f.initial(seed=1, dtype=torch.float64)
    assert all(torch.equal(theta[name], again[name]) for name in theta)
    assert not torch.equal(theta["layers.1.weight"], other["layers.1.weight"])


def test_a_step_is_one_of_gradient_descent():
    f, theta_0 = network(8)
    leaves = {name: value.clone().requires_grad_() for name, value in theta_0.items()}
    loss = 0.5 * (f(leaves, X[:6]) - Y[:6]).square().mean()
    loss.backward()
    after = {name: (value - 0.1 * value.grad).detach() for name, value in leaves.items()}
    found = trained(
        f, theta_0, steps=(0, 1), learning_rate=0.1, watched={"layers.1.weight": [3, 60], "layers.0.bias": [5]}
    )
    torch.testing.assert_close(found.outputs[1], f(after, X[:6]))
    torch.testing.assert_close(found.outputs_test[1], f(after, X[6:]))
    expected = [
        after["layers.1.weight"].flatten()[3],
        after["layers.1.weight"].flatten()[60],
        after["layers.0.bias"][5],
    ]
    assert found.weights[1].tolist() == pytest.approx([value.item() for value in expected])


def test_training_lowers_the_loss_and_the_linearization_starts_where_the_network_does():
    f, theta_0 = network(256)
    found, linear = trained(f, theta_0), trained(linearized(f, theta_0), theta_0)
    torch.testing.assert_close(found.outputs[0], linear.outputs[0])
    for trajectory in (found, linear):
        losses = (trajectory.outputs - Y[:6]).square().mean((1, 2))
        assert losses[1] < losses[0] / 2
    assert (found.outputs[1] - linear.outputs[1]).abs().max() > 0


def test_the_wider_the_network_the_closer_to_its_linearization():
    """Theory: the difference falls as 1/sqrt(width)."""
    widths, errors = (16, 64, 256, 1024), []
    for width in widths:
        squares = []
        for seed in range(4):
            f = WideNetwork(inputs=4, width=width, hidden_layers=1)
            theta_0 = f.initial(seed=seed, dtype=torch.float64)
            both = [trained(g, theta_0, steps=(0, 20)) for g in (f, linearized(f, theta_0))]
            squares.append((both[0].outputs_test[-1] - both[1].outputs_test[-1]).square().mean())
        errors.append(torch.stack(squares).mean().sqrt().item())
    fitted = power_law(widths, errors)
    assert -0.8 < fitted.slope < -0.3 and fitted.slope + 2 * fitted.slope_error < 0


def test_inputs_are_one_in_the_mean_square():
    x, x_test = standardised(3 * X[:6] + 5, 3 * X[6:] + 5)
    assert x.mean(0).abs().max() < 1e-12 and x.square().mean().item() == pytest.approx(1)
    scale = (X[:6] - X[:6].mean(0)).square().mean().sqrt()
    torch.testing.assert_close(x_test, (X[6:] - X[:6].mean(0)) / scale)
    with pytest.raises(ValueError, match="all 6 training points are equal"):
        standardised(torch.ones(6, 4), X)


def test_wrong_steps_and_divergence_are_errors():
    f, theta_0 = network(8)
    for steps in ((), (1, 2), (0, 2, 2)):
        with pytest.raises(ValueError, match="rising numbers from 0"):
            trained(f, theta_0, steps=steps)
    with pytest.raises(ValueError, match=r"learning rate 1e\+80 is too large"):
        trained(f, theta_0, steps=(0, 50), learning_rate=1e80)
