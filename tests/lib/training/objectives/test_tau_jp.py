"""tau-Jp: the exact mean of |J tau|; batches by (seed, step); resumed to the bit."""

from dataclasses import replace

import numpy as np
import pytest
import torch

from lib.models.linearize import differentiable_attention
from lib.models.tangent_vit import tangent_of_vit
from lib.training.finetune import Interrupted, Keeper
from lib.training.objectives import tau_jp
from lib.training.objectives.tau_jp import OtherImages, image_side
from tests.lib.models.functions import direction, explicit_tangent


@pytest.fixture
def images(stored):
    return OtherImages.of(stored["fit"], count=16, seed=0, side=8)


def in_float64(given, encoder):
    """A context whose tangent and theta_0 are in float64."""
    theta_0 = {name: value.double() for name, value in given.theta_0.items()}
    tangent = tangent_of_vit(encoder.shape, theta_0)
    return replace(given, theta_0=theta_0, tangent=lambda tau, x: tangent(tau, encoder.normalised(x).double()))


def test_it_is_the_mean_length_of_the_explicit_tangent(context, encoder, stored, images):
    given = in_float64(context("linear-taujp", stored), encoder)
    penalty, tau = tau_jp.penalty(given), direction(given.theta_0, 0.1)
    for step in (0, 1):
        x = encoder.normalised(images.batch(step, "cpu")).double()
        value = encoder.value(given.theta_0, x)
        with differentiable_attention():
            moved = explicit_tangent(encoder.value, given.theta_0, tau, x) - value
        torch.testing.assert_close(penalty(tau, step), 0.1 * moved.norm(dim=-1).mean())


def test_it_is_of_degree_one_in_tau(context, encoder, stored):
    given = in_float64(context("linear-taujp", stored), encoder)
    penalty, tau = tau_jp.penalty(given), direction(given.theta_0, 0.1)
    larger = {name: -3 * value for name, value in tau.items()}
    torch.testing.assert_close(penalty(larger, 0), 3 * penalty(tau, 0))


def test_at_theta_0_it_and_its_gradient_are_zero(context, stored, theta_0):
    penalty = tau_jp.penalty(context("linear-taujp", stored))
    tau = {name: torch.zeros_like(value, requires_grad=True) for name, value in theta_0.items()}
    value = penalty(tau, 0)
    value.backward()
    assert value.item() == 0 and not any(leaf.grad.any() for leaf in tau.values())


def test_its_gradient_is_that_of_differences(context, encoder, stored):
    given = in_float64(context("linear-taujp", stored), encoder)
    penalty, way = tau_jp.penalty(given), direction(given.theta_0, 1.0, seed=2)
    tau = {name: value.requires_grad_() for name, value in direction(given.theta_0, 0.1).items()}
    penalty(tau, 0).backward()
    slope = sum((way[name] * leaf.grad).sum() for name, leaf in tau.items())
    ends = [penalty({n: leaf.detach() + h * way[n] for n, leaf in tau.items()}, 0) for h in (1e-5, -1e-5)]
    torch.testing.assert_close(slope, (ends[0] - ends[1]) / 2e-5, rtol=1e-6, atol=1e-9)


def test_tasks_take_turns_and_a_batch_is_a_function_of_seed_and_step(stored, images):
    tasks, rows, _ = zip(*(images.rows(step) for step in range(6)), strict=True)
    assert tasks == (0, 1, 0, 1, 0, 1) and [len(row) for row in rows] == [16, 5] * 3
    assert all(len(set(row.tolist())) == len(row) for row in rows)
    again, other = (OtherImages.of(stored["fit"], count=16, seed=seed, side=8) for seed in (0, 1))
    assert torch.equal(images.batch(4, "cpu"), again.batch(4, "cpu"))
    assert not torch.equal(images.batch(4, "cpu"), images.batch(2, "cpu"))
    assert not np.array_equal(images.rows(4)[1], other.rows(4)[1])
    assert images.batch(0, "cpu").shape == (16, 8, 8, 3) and images.batch(0, "cpu").dtype == torch.uint8


def test_texts_are_taken_whole(stored):
    assert OtherImages.of(stored["fit"], count=4, seed=0, side=None).batch(1, "cpu").shape == (4, 8, 8, 3)


def test_the_side_of_images_is_that_of_the_tower(theta_0):
    assert image_side(theta_0) == 8 and image_side({"encoder.weight": torch.zeros(2, 2)}) is None
    with pytest.raises(ValueError, match="vision transformers alone"):
        image_side({"conv1.weight": theta_0["conv1.weight"]})


def test_without_strength_it_is_the_linear_mode_to_the_bit_and_with_it_another(run, with_method, stored):
    theta, log = run("linear")
    same, same_log = with_method("linear-taujp", others=stored, strength=0.0)
    assert same_log == log and all(torch.equal(same[name], theta[name]) for name in theta)
    other, _ = with_method("linear-taujp", others=stored)
    assert any(not torch.equal(other[name], theta[name]) for name in theta)


def test_it_lowers_the_drift_on_the_other_tasks(with_method, context, stored, theta_0):
    measure = tau_jp.penalty(context("linear-taujp", stored, strength=1.0))
    drifts = []
    for strength in (0.0, 3.0):
        theta, _ = with_method("linear-taujp", others=stored, strength=strength)
        tau = {name: theta[name] - theta_0[name] for name in theta_0}
        drifts.append(sum(measure(tau, step).item() for step in range(2)))
    assert drifts[1] < 0.8 * drifts[0]


def test_a_resumed_run_ends_bit_identical(with_method, stored, tmp_path):
    undisturbed, log = with_method("linear-taujp", others=stored)
    keeper = Keeper(tmp_path / "state.safetensors", "same run", read_every=3, stop=lambda: True)
    with pytest.raises(Interrupted, match="after step 3"):
        with_method("linear-taujp", others=stored, keeper=keeper)
    resumed, resumed_log = with_method("linear-taujp", others=stored, keeper=Keeper(keeper.path, "same run"))
    assert resumed_log == log and all(torch.equal(resumed[name], undisturbed[name]) for name in undisturbed)


def test_the_control_and_a_run_of_one_task_are_refused(context, stored):
    with pytest.raises(ValueError, match=r"control: true asks for .* set control: false"):
        tau_jp.penalty(context("linear-taujp", stored, control=True))
    with pytest.raises(ValueError, match=r"the run has none: add a task"):
        tau_jp.penalty(context("linear-taujp", {"fit": {}}))
