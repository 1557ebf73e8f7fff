"""TaLoS: scores against per-example gradients by vmap; an exact share; what is frozen keeps theta_0's bits."""

import dataclasses

import numpy as np
import pytest
import torch

from lib.models import heads
from lib.models.linearize import differentiable_attention
from lib.training.objectives import talos
from lib.training.objectives.talos import fisher_scores, kept_share, smallest
from tests.lib.training.conftest import RECIPE


@pytest.fixture
def f(encoder, head):
    """(theta, normalised images) -> logits, in float64."""
    return lambda theta, x: torch.nn.functional.normalize(encoder.value(theta, x), dim=-1) @ head.double().T


@pytest.fixture
def problem(encoder, theta_0):
    generator = torch.Generator().manual_seed(3)
    x = torch.randn(5, 3, 8, 8, dtype=torch.float64, generator=generator)
    return {name: value.double() for name, value in theta_0.items()}, x, [0.05, 0.3, 0.5, 0.7, 0.999]


def test_scores_are_sums_of_squares_of_each_images_gradient_not_the_square_of_their_sum(f, problem):
    theta, x, uniform = problem
    drawn = [int((row.softmax(0).cumsum(0) <= u).sum()) for row, u in zip(f(theta, x), uniform, strict=True)]
    assert len(set(drawn)) > 1
    with differentiable_attention():
        each = torch.func.vmap(
            torch.func.grad(lambda theta, image, label: f(theta, image[None])[0].gather(0, label[None])[0]),
            (None, 0, 0),
        )(theta, x, torch.tensor(drawn))
    found = fisher_scores(f, theta, x.split(1), uniform)
    for name, gradients in each.items():
        torch.testing.assert_close(found[name], gradients.square().sum(0))
    squares_of_sums = {name: gradients.sum(0).square() for name, gradients in each.items()}
    assert not torch.allclose(found["proj"], squares_of_sums["proj"], rtol=0.1)


def test_labels_are_drawn_by_softmax():
    scores = torch.tensor([[1.0, 2.0, 0.0]], dtype=torch.float64)
    theta, draws = {"w": torch.zeros(3, dtype=torch.float64)}, 4000
    uniform = np.random.default_rng(0).random(draws)
    counts = fisher_scores(lambda theta, x: scores + theta["w"], theta, [None] * draws, uniform)["w"]
    torch.testing.assert_close(counts / draws, scores[0].softmax(0), atol=0.03, rtol=0)


def test_the_smallest_are_chosen_exactly_and_the_first_of_equal_ones():
    scores = {"a": torch.tensor([[3.0, 1.0], [1.0, 0.0]]), "b": torch.tensor([1.0, 0.5])}
    everything = {name: torch.ones_like(value, dtype=torch.bool) for name, value in scores.items()}
    found = smallest(scores, everything, count=4)
    assert found["a"].tolist() == [[False, True], [True, True]] and found["b"].tolist() == [False, True]
    among = {**everything, "a": torch.tensor([[True, False], [True, True]])}
    found = smallest(scores, among, count=4)
    assert found["a"].tolist() == [[False, False], [True, True]] and found["b"].tolist() == [True, True]


@pytest.mark.parametrize("rounds", [1, 2, 4])
@pytest.mark.parametrize("keep", [0.1, 0.37, 1.0])
def test_the_share_is_exact_and_falls_in_rounds(theta_0, keep, rounds):
    elements, seen = sum(value.numel() for value in theta_0.values()), []

    def scores(theta, turn):
        seen.append({name: (theta[name] == theta_0[name]) & (theta_0[name] != 0) for name in theta_0})
        return {name: (value * (turn + 2)).sin() for name, value in theta_0.items()}

    mask = kept_share(theta_0, scores, keep=keep, rounds=rounds, damping=0.1)
    assert sum(int(value.sum()) for value in mask.values()) == round(keep * elements)
    assert all(value.dtype == torch.bool and value.shape == theta_0[name].shape for name, value in mask.items())
    untouched = [sum(int(value.sum()) for value in turn.values()) for turn in seen]
    whole = sum(int((value != 0).sum()) for value in theta_0.values())
    assert untouched[0] == whole and len(untouched) == rounds
    for turn in range(1, rounds):
        assert abs(untouched[turn] / whole - keep ** (turn / rounds)) < 0.05


def test_what_was_frozen_stays_frozen_and_is_damped(theta_0):
    seen = []

    def scores(theta, turn):
        seen.append(theta)
        return {name: value.square() if turn == 0 else -value.square() for name, value in theta_0.items()}

    first = kept_share(theta_0, scores, keep=0.5, rounds=1, damping=0.1)
    both = kept_share(theta_0, scores, keep=0.25, rounds=2, damping=0.1)
    for name, value in theta_0.items():
        assert not (both[name] & ~first[name]).any()
        torch.testing.assert_close(seen[2][name], torch.where(first[name], value, 0.1 * value))


@pytest.mark.parametrize(("keep", "rounds"), [(0.0, 4), (1.1, 4), (0.1, 0)])
def test_a_share_that_is_none_is_refused(theta_0, keep, rounds):
    with pytest.raises(ValueError, match="expected a share above 0"):
        kept_share(theta_0, lambda theta, turn: theta, keep=keep, rounds=rounds, damping=0.1)


def test_the_mask_is_made_of_the_own_validation_images(context, stored, head, encoder):
    given = context("standard-talos", stored)
    mask = talos.mask(given)
    elements = sum(value.numel() for value in given.theta_0.values())
    assert sum(int(value.sum()) for value in mask.values()) == round(0.1 * elements)
    pixels = np.fromfile(stored["own_val"]["own"], np.uint8).reshape(6, 8, 8, 3)
    images = torch.from_numpy(pixels)
    uniform = np.random.default_rng([0, 0]).random(6)
    scores = fisher_scores(
        lambda theta, x: heads.logits(encoder.encode(theta, x), head), given.theta_0, images.split(1), uniform
    )
    once = talos.mask(context("standard-talos", stored, rounds=1))
    everything = {name: torch.ones_like(value, dtype=torch.bool) for name, value in scores.items()}
    expected = smallest(scores, everything, count=round(0.1 * elements))
    assert all(torch.equal(once[name], expected[name]) for name in once)


def test_what_is_frozen_keeps_its_bits_under_weight_decay(with_method, context, stored):
    recipe = dataclasses.replace(RECIPE, weight_decay=30.0)
    given = context("standard-talos", stored)
    mask, (theta, _) = talos.mask(given), with_method("standard-talos", recipe, others=stored)
    moved = 0
    for name, value in given.theta_0.items():
        assert torch.equal(theta[name][~mask[name]], value[~mask[name]]), name
        moved += int((theta[name] != value)[mask[name]].sum())
    assert moved > 0.8 * sum(int(value.sum()) for value in mask.values())


def test_with_all_kept_it_is_the_standard_mode_to_the_bit(run, with_method, stored):
    theta, log = run("standard")
    same, same_log = with_method("standard-talos", others=stored, keep=1.0, rounds=1)
    assert same_log == log and all(torch.equal(same[name], theta[name]) for name in theta)
