"""Distances of a fine-tuned model from where it began."""

import pytest
import torch

from lib.kernels.laziness import kernel_distance, laziness, parameter_change, relative_change
from lib.kernels.ntk import ntk
from lib.models.linearize import linearize
from lib.parameters import ParameterMismatch
from tests.lib.kernels.functions import case


def moved(theta, size, seed=1):
    generator = torch.Generator().manual_seed(seed)
    return {n: v + size * torch.randn(v.shape, generator=generator, dtype=v.dtype) for n, v in theta.items()}


def test_changes_by_hand():
    assert parameter_change({"a": torch.tensor([3.0]), "b": torch.tensor([4.0])},
                            {"a": torch.tensor([3.0]), "b": torch.tensor([3.0])}) == pytest.approx(0.2)  # fmt: skip
    assert relative_change(torch.tensor([[3.0, 4.0]]), torch.tensor([[3.0, 4.5]])) == pytest.approx(0.1)


def test_the_kernel_distance_by_hand_and_its_laws():
    a, b = torch.tensor([[1.0, 0.0], [0.0, 0.0]]), torch.tensor([[1.0, 1.0], [1.0, 1.0]])
    assert kernel_distance(a, b) == pytest.approx(0.5) == kernel_distance(b, a)
    assert kernel_distance(a, 3 * a) == pytest.approx(0) and kernel_distance(a, a.flip(0, 1)) == pytest.approx(1)
    near = a + 1e-9 * b
    assert kernel_distance(a, near) == pytest.approx(1.5e-18, rel=1e-3)


def test_what_did_not_move_has_no_distance_and_more_movement_has_more():
    one = case("mlp")
    still = laziness(one.f, one.theta, one.theta, one.x)
    assert (still.parameters, still.features, still.kernel) == (0, 0, 0)
    found = [laziness(one.f, one.theta, moved(one.theta, size), one.x) for size in (1e-3, 1e-2, 1e-1)]
    for kind in ("parameters", "features", "kernel"):
        values = [getattr(one, kind) for one in found]
        assert 0 < values[0] < values[1] < values[2]


def test_it_measures_parameters_features_and_the_summed_kernels():
    one, features = case("convolution"), lambda theta, x: x.flatten(1) * theta["3.bias"][0]
    theta = moved(one.theta, 0.1)
    found = laziness(one.f, one.theta, theta, one.x, features=features)
    kernels = [ntk(one.f, point, one.x, outputs="sum") for point in (one.theta, theta)]
    assert found.kernel == kernel_distance(*kernels) and found.parameters == parameter_change(one.theta, theta)
    assert found.features == pytest.approx(abs((theta["3.bias"] / one.theta["3.bias"])[0].item() - 1))


def test_a_tangent_models_kernel_does_not_move():
    """Its features do; the kernel of f_lin is that of f at theta_0, wherever theta is."""
    one = case("mlp")
    f_lin = linearize(one.f, one.theta)

    def tangent(theta, x):
        return f_lin({name: theta[name] - one.theta[name] for name in one.theta}, x)

    found = laziness(tangent, one.theta, moved(one.theta, 0.3), one.x, vectorize=False)
    assert found.kernel == pytest.approx(0, abs=1e-15) and found.features > 0.01 and found.parameters > 0.01


def test_what_has_no_distance_is_refused():
    one = case("mlp")
    with pytest.raises(ParameterMismatch, match="laziness: parameter names differ"):
        laziness(one.f, one.theta, {}, one.x)
    with pytest.raises(ValueError, match="theta_0 is zero"):
        parameter_change({"a": torch.zeros(2)}, {"a": torch.ones(2)})
    with pytest.raises(ValueError, match="zero or not finite"):
        kernel_distance(torch.zeros(2, 2), torch.ones(2, 2))
    with pytest.raises(ValueError, match="take the same points"):
        kernel_distance(torch.ones(2, 2), torch.ones(3, 3))
