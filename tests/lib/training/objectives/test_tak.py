"""TAK: the merged curvature of the other tasks as a penalty; without strength it is the linear mode."""

import dataclasses

import pytest
import torch
import torch.nn.functional as F

from lib.kernels import kfac
from lib.parameters import matching
from lib.training.curvature import merged, save
from lib.training.modes import OF_CURVATURE
from lib.training.objectives import tak
from lib.training.objectives.cross_entropy import objective
from tests.lib.models.functions import direction
from tests.lib.training.conftest import RECIPE


@pytest.fixture
def curvatures(encoder, theta_0):
    """Of two other tasks, of 20 and 60 images."""
    trained, generator = matching(theta_0, OF_CURVATURE), torch.Generator().manual_seed(5)

    def of(n, size, seed):
        x = torch.randn(n, 3, 8, 8, generator=generator)
        f = lambda theta, x: F.normalize(encoder.value(theta, x), dim=-1)  # noqa: E731
        return kfac.curvature(f, theta_0, [x], trained=trained, seed=seed, size=size)

    return {"first": of(8, 20, 0), "second": of(6, 60, 1)}


@pytest.fixture
def others(curvatures, tmp_path):
    for task, curvature in curvatures.items():
        save(tmp_path / f"{task}.safetensors", curvature)
    return {"curvature": {task: tmp_path / f"{task}.safetensors" for task in curvatures}}


def test_it_is_lambda_times_the_merged_form(context, curvatures, others, theta_0):
    tau = direction(theta_0, 0.01)
    expected = 10 * merged(curvatures.values()).quadratic(tau)
    torch.testing.assert_close(tak.penalty(context("linear-tak", others))(tau, 0), expected)


def test_the_released_scaling_divides_by_tokens_and_has_factors(context, curvatures, others, theta_0):
    """Of each kind of parameter alone: layers in the blocks, norms, class embedding, projection."""
    total, tau = merged(curvatures.values()), direction(theta_0, 0.01)
    kinds = {
        "transformer.resblocks.0.mlp.c_fc.weight": 500 / 5,
        "transformer.resblocks.2.mlp.c_fc.weight": 500,
        "transformer.resblocks.1.ln_1.weight": 500 * 10,
        "ln_post.bias": 500 * 10,
        "class_embedding": 500 * 10,
        "proj": 500 * 0.1,
    }
    penalty = tak.penalty(context("linear-tak-paper", others))
    for name, factor in kinds.items():
        alone = {n: value if n == name else torch.zeros_like(value) for n, value in tau.items()}
        torch.testing.assert_close(penalty(alone, 0), factor * total.quadratic(alone))
    with pytest.raises(ValueError, match="choose one of expand, released"):
        tak.scaled(total, "both")


def test_at_theta_0_it_and_its_gradient_are_zero(context, others, theta_0):
    tau = {name: torch.zeros_like(value, requires_grad=True) for name, value in theta_0.items()}
    value = tak.penalty(context("linear-tak", others))(tau, 0)
    value.backward()
    assert value.item() == 0 and not any(leaf.grad is not None and leaf.grad.any() for leaf in tau.values())


def test_without_strength_it_is_the_same_training_to_the_bit_and_with_it_another(run, with_method, others):
    theta, log = run("linear-tak")  # the objective alone
    assert tak.objective is objective
    same, same_log = with_method("linear-tak", others=others, strength=0.0)
    assert same_log == log and all(torch.equal(same[name], theta[name]) for name in theta)
    other, _ = with_method("linear-tak", others=others)
    assert any(not torch.equal(other[name], theta[name]) for name in theta)


def test_it_lowers_the_form_that_it_is_made_of(with_method, curvatures, others, theta_0):
    total, recipe, found = merged(curvatures.values()), dataclasses.replace(RECIPE, steps=30), []
    for strength in (0.0, 10.0):
        theta, _ = with_method("linear-tak", recipe, others=others, strength=strength)
        found.append(total.quadratic({name: theta[name] - theta_0[name] for name in theta_0}).item())
    assert found[1] < 0.7 * found[0]


def test_a_run_of_one_task_is_refused(context):
    with pytest.raises(ValueError, match="the run has no other task; add one"):
        tak.penalty(context("linear-tak", {"curvature": {}}))
