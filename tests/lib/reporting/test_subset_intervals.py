"""Intervals of means over subsets: against a closed form, and by hand where nothing is left to chance."""

import numpy as np
import pytest

from lib.reporting.bootstrap import Bootstrap
from lib.reporting.subset_intervals import by_size, resampled

SUBSETS = [("a",), ("b",), ("a", "b")]


def outcomes(n, *shares):
    """Bool[k, n]: as many right as each share says, in another order each."""
    rng = np.random.default_rng(0)
    rows = [rng.permutation(np.arange(n) < round(share * n)) for share in shares]
    return np.stack(rows)


def test_without_chance_the_interval_is_the_number():
    """Models that are right everywhere or nowhere are so in every resample."""
    correct = {"a": np.array([[1] * 9, [0] * 9, [1] * 9]), "b": np.array([[0] * 5, [1] * 5, [1] * 5])}
    own_models = {"a": np.ones(9), "b": np.ones(5)}
    bootstrap = Bootstrap(100, 0)
    samples = resampled(correct, own_models, SUBSETS, bootstrap)
    assert samples["own"].shape == (3, 100)
    assert samples["own"].mean(1).tolist() == [1, 1, 1] and samples["all"].mean(1).tolist() == [0.5, 0.5, 1]
    found = by_size(samples, SUBSETS, bootstrap).set_index("size")
    assert found.loc[1].tolist() == [1, 1, 0.5, 0.5] and found.loc[2].tolist() == [1, 1, 1, 1]


def test_a_model_that_is_right_where_the_tasks_own_is_has_no_interval():
    """Numerator and denominator are paired: both are resampled together."""
    right = outcomes(200, 0.7)
    samples = resampled({"a": right}, {"a": right[0]}, [("a",)], Bootstrap(200, 1))
    assert samples["own"] == pytest.approx(np.ones((1, 200)))


def test_the_spread_is_that_of_the_ratio_of_paired_means():
    """Against the delta method: of a ratio p / q of paired means, n Var = Var(x - (p / q) y) / q^2."""
    n, subsets = 4000, [("a",)]
    model, own = outcomes(n, 0.6, 0.8)
    bootstrap = Bootstrap(2000, 0)
    samples = resampled({"a": model[None]}, {"a": own}, subsets, bootstrap)["own"][0]
    p, q = model.mean(), own.mean()
    expected = np.std(model - p / q * own) / q / np.sqrt(n)
    assert samples.mean() == pytest.approx(p / q, abs=4 * expected / np.sqrt(2000) + 1e-3)
    assert samples.std() == pytest.approx(expected, rel=0.08)
    (row,) = by_size({"own": samples[None], "all": samples[None]}, subsets, bootstrap).to_dict("records")
    assert row["own_high"] - row["own_low"] == pytest.approx(2 * 1.96 * expected, rel=0.1)


def test_tasks_are_resampled_apart_and_subsets_of_a_size_together():
    """The mean of two subsets on the same images varies as each does, if they are right about the same images."""
    right, own = outcomes(1000, 0.5, 0.5), outcomes(1000, 1.0, 1.0)
    correct = {"a": np.stack([right[0]] * 3), "b": np.stack([right[1]] * 3)}
    samples = resampled(correct, {"a": own[0], "b": own[1]}, SUBSETS, Bootstrap(1000, 0))
    assert samples["all"].mean(0).std() == pytest.approx(samples["all"][0].std())
    alone, both = samples["own"][0].std(), samples["own"][2].std()
    assert both == pytest.approx(alone / np.sqrt(2), rel=0.1)
