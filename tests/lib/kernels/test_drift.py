"""Drift of task vectors on other tasks' images: exact against explicit Jacobians, and beside its prediction."""

import pytest
import torch
import torch.nn.functional as F

from lib.kernels import kfac
from lib.kernels.drift import Drift, drifts, exact_drifts, rank_correlation
from lib.models.encoders.tangent_torch_module import TangentTorchModule
from lib.models.linearize import differentiable_attention
from lib.training.curvature import Curvature
from tests.lib.models.functions import direction


@pytest.fixture
def encoder(tower):
    return TangentTorchModule(image_size=8, build=lambda: tower)


@pytest.fixture
def theta_0(tower):
    return {name: value.detach().clone() for name, value in tower.named_parameters()}


def images(n, seed=0):
    return torch.randint(0, 256, (n, 8, 8, 3), dtype=torch.uint8, generator=torch.Generator().manual_seed(seed))


def test_it_is_the_mean_of_the_explicit_tangent_of_the_normalised_embedding(encoder, theta_0):
    taus = [direction(theta_0, 0.05, seed) for seed in (1, 2)]
    found = exact_drifts(encoder, theta_0, taus, images(5).split(2))
    x = encoder.normalised(images(5))
    for tau, value in zip(taus, found, strict=True):
        with differentiable_attention():
            _, tangent = torch.func.jvp(lambda t: F.normalize(encoder.value(t, x), dim=-1), (theta_0,), (tau,))
        assert value == pytest.approx(tangent.square().sum(1).mean().item(), rel=1e-4)


def test_of_one_layer_behind_all_others_the_prediction_is_exact(encoder, theta_0):
    """Only the projection moves: G is B (x) A with one token, and exact where the mean of products is one product."""
    alone = {name: torch.zeros_like(value) for name, value in theta_0.items()}
    alone["proj"] = 0.1 * torch.randn(theta_0["proj"].shape, generator=torch.Generator().manual_seed(3))
    one = images(1)
    curvature = kfac.curvature(
        lambda t, x: F.normalize(encoder.value(t, x), dim=-1), theta_0, [encoder.normalised(one)], trained=["proj"],
        samples=None,
    )  # fmt: skip
    (found,) = drifts(encoder, theta_0, {"a": alone}, {"b": curvature}, {"b": [one]}, [("a", "b")])
    assert (found.vector, found.task) == ("a", "b") and found.ratio == pytest.approx(1, rel=1e-4)


def test_pairs_are_of_the_vectors_and_tasks_that_are_asked_for(encoder, theta_0):
    taus = {name: direction(theta_0, 0.05, seed) for seed, name in enumerate("abc")}
    identity = Curvature({}, {"ln_post.weight": torch.eye(16)}, 1)
    seen = {"a": [images(3)], "b": [images(4, seed=1)]}
    found = drifts(encoder, theta_0, taus, {"a": identity, "b": identity}, seen, [("b", "a"), ("a", "b"), ("c", "a")])
    assert [(one.vector, one.task) for one in found] == [("b", "a"), ("c", "a"), ("a", "b")]
    for one in found:
        assert one.predicted == pytest.approx(taus[one.vector]["ln_post.weight"].square().sum().item(), rel=1e-5)
        assert one.exact == pytest.approx(exact_drifts(encoder, theta_0, [taus[one.vector]], seen[one.task])[0])


def test_the_rank_correlation_is_spearmans():
    found = [Drift("v", "t", exact, predicted) for exact, predicted in ((1, 10), (2, 30), (3, 20), (4, 40))]
    assert rank_correlation(found) == pytest.approx(0.8)  # 1 - 6 * 2 / (4 * 15)
    with pytest.raises(ValueError, match="give three or more"):
        rank_correlation(found[:2])
