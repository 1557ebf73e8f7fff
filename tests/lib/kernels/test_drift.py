"""Drift of task vectors on images: exact against explicit Jacobians, and beside what a curvature predicts."""

import pytest
import torch
import torch.nn.functional as F

from lib.kernels import kfac
from lib.kernels.drift import squared_lengths
from lib.models.encoders.tangent_torch_module import TangentTorchModule
from lib.models.linearize import differentiable_attention
from tests.lib.models.functions import direction


@pytest.fixture
def encoder(tower):
    return TangentTorchModule(image_size=8, build=lambda: tower)


@pytest.fixture
def theta_0(tower):
    return {name: value.detach().clone() for name, value in tower.named_parameters()}


def images(n, seed=0):
    return torch.randint(0, 256, (n, 8, 8, 3), dtype=torch.uint8, generator=torch.Generator().manual_seed(seed))


def test_they_are_of_the_explicit_tangent_of_the_normalised_embedding(encoder, theta_0):
    taus = [direction(theta_0, 0.05, seed) for seed in (1, 2)]
    found = squared_lengths(encoder, theta_0, taus, images(5).split(2))
    assert found.shape == (2, 5) and found.dtype == torch.float32
    x = encoder.normalised(images(5))
    for tau, values in zip(taus, found, strict=True):
        with differentiable_attention():
            _, tangent = torch.func.jvp(lambda t: F.normalize(encoder.value(t, x), dim=-1), (theta_0,), (tau,))
        torch.testing.assert_close(values, tangent.square().sum(1), rtol=1e-4, atol=0)


def test_they_grow_with_the_square_of_the_task_vector(encoder, theta_0):
    tau = direction(theta_0, 0.05, 1)
    once, twice = squared_lengths(encoder, theta_0, [tau, {n: 2 * v for n, v in tau.items()}], [images(4)])
    torch.testing.assert_close(twice, 4 * once, rtol=1e-4, atol=0)


def test_of_one_layer_behind_all_others_the_prediction_is_exact(encoder, theta_0):
    """Only the projection moves: G is B (x) A with one token, and exact where the mean of products is one product."""
    alone = {name: torch.zeros_like(value) for name, value in theta_0.items()}
    alone["proj"] = 0.1 * torch.randn(theta_0["proj"].shape, generator=torch.Generator().manual_seed(3))
    one = images(1)
    curvature = kfac.curvature(
        lambda t, x: F.normalize(encoder.value(t, x), dim=-1), theta_0, [encoder.normalised(one)], trained=["proj"],
        samples=None,
    )  # fmt: skip
    exact = squared_lengths(encoder, theta_0, [alone], [one]).mean()
    assert float(curvature.quadratic(alone)) == pytest.approx(float(exact), rel=1e-4)
