"""The bootstrap: against closed forms and SciPy's, paired over one set of images, a function of its seed."""

import numpy as np
import pytest
from scipy import stats

from lib.reporting.bootstrap import Bootstrap, ratio

BOOTSTRAP = Bootstrap(resamples=4000, seed=0)


def outcomes(n, share, seed=0):
    return (np.random.default_rng(seed).permutation(n) < share * n).astype(float)


def test_resamples_of_a_share_have_the_spread_of_a_binomial():
    n, share = 400, 0.3
    (samples,) = BOOTSTRAP.means(outcomes(n, share), "x")
    deviation = (share * (1 - share) / n) ** 0.5
    assert samples.mean() == pytest.approx(share, abs=4 * deviation / 4000**0.5)
    assert samples.std() == pytest.approx(deviation, rel=0.05)
    low, high = BOOTSTRAP.interval(samples)
    expected = stats.binom.ppf([0.025, 0.975], n, share) / n  # resampled counts are binomial
    assert [low, high] == pytest.approx(expected, abs=1.5 / n)


def test_the_interval_is_scipys():
    values = np.random.default_rng(1).gamma(2.0, size=300)
    known = stats.bootstrap(
        (values,), np.mean, n_resamples=4000, method="percentile", rng=np.random.default_rng(2)
    ).confidence_interval
    low, high = BOOTSTRAP.interval(BOOTSTRAP.means(values, "x")[0])
    assert [low, high] == pytest.approx([known.low, known.high], abs=0.1 * (known.high - known.low))


def test_intervals_cover_as_often_as_they_say():
    """Of 300 samples from a known distribution, 95 % of intervals hold its mean, but for chance."""
    draws = np.random.default_rng(3).random((300, 200)) < 0.6
    bootstrap = Bootstrap(resamples=500, seed=1)
    low, high = bootstrap.interval(bootstrap.means(draws, "x"))
    covered = np.mean((low <= 0.6) & (high >= 0.6))
    assert 0.91 < covered < 0.98


def test_numbers_over_one_set_of_images_are_paired():
    """A model that is right wherever another is, and on one image more, is better in no resample worse."""
    worse = outcomes(100, 0.5)
    better = worse.copy()
    better[np.flatnonzero(worse == 0)[:10]] = 1
    alone = BOOTSTRAP.means(better, "x")[0] - BOOTSTRAP.means(worse, "x")[0]
    together = np.subtract(*BOOTSTRAP.means(np.stack([better, worse]), "x"))
    np.testing.assert_array_equal(alone, together)
    assert (alone >= 0).all()
    assert alone.std() == pytest.approx((0.1 * 0.9 / 100) ** 0.5, rel=0.05)


def test_resamples_depend_on_seed_images_and_nothing_else():
    values = outcomes(50, 0.5)
    first = BOOTSTRAP.means(values, "x")
    np.testing.assert_array_equal(first, BOOTSTRAP.means(np.stack([values, 1 - values]), "x")[:1])
    assert not np.array_equal(first, BOOTSTRAP.means(values, "y"))
    assert not np.array_equal(first, Bootstrap(4000, 1).means(values, "x"))


def test_memory_is_bounded_by_parts_that_change_no_number(monkeypatch):
    values = outcomes(50, 0.5)
    whole = BOOTSTRAP.means(values, "x")
    monkeypatch.setattr("lib.reporting.bootstrap._HELD", 500)
    np.testing.assert_array_equal(whole, BOOTSTRAP.means(values, "x"))


def test_all_or_none_correct_has_no_spread():
    samples = BOOTSTRAP.means(np.stack([np.ones(30), np.zeros(30)]), "x")
    assert (samples[0] == 1).all() and (samples[1] == 0).all()


def test_a_ratio_leaves_out_resamples_without_a_denominator():
    found = ratio(np.array([1.0, 1.0, 0.0]), np.array([2.0, 0.0, 0.0]))
    np.testing.assert_array_equal(found, [0.5, np.nan, np.nan])
    low, high = Bootstrap(3, 0).interval(found)
    assert low == high == 0.5
    assert np.isnan(Bootstrap(3, 0).interval(np.full(3, np.nan))[0])


def test_no_images_are_refused():
    with pytest.raises(ValueError, match="no image of x"):
        BOOTSTRAP.means(np.empty((1, 0)), "x")
