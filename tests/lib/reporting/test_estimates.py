"""Numbers with their resamples: arithmetic acts on both, and verdicts follow from intervals."""

import numpy as np
import pytest

from lib.reporting.estimates import FAILS, HOLDS, NOISE, Estimate, verdict

RNG = np.random.default_rng(0)


def estimate(low, high, value=None):
    """An estimate whose resamples are spread evenly from low to high."""
    return Estimate(np.array([(low + high) / 2 if value is None else value, *np.linspace(low, high, 1001)]))


def test_arithmetic_acts_on_the_number_and_on_every_resample():
    a, b = Estimate(RNG.random(11)), Estimate(RNG.random(11))
    for made, expected in (
        (a - b, a.values - b.values),
        (-a, -a.values),
        (a * 0.95, 0.95 * a.values),
        (a / b, a.values / b.values),
    ):
        np.testing.assert_array_equal(made.values, expected)
    assert Estimate.mean([a.values, b.values]).value == pytest.approx((a.value + b.value) / 2)


def test_the_interval_leaves_out_the_measured_number():
    assert estimate(0.0, 1.0, value=9.0).interval == pytest.approx((0.025, 0.975))
    assert estimate(0.0, 1.0, value=9.0).value == 9.0


@pytest.mark.parametrize(
    ("margins", "told"),
    [
        ([(0.1, 0.3)], HOLDS),
        ([(-0.3, -0.1)], FAILS),
        ([(-0.1, 0.3)], NOISE),
        ([(0.0, 0.0)], NOISE),
        ([(0.1, 0.3), (0.2, 0.4)], HOLDS),
        ([(0.1, 0.3), (-0.2, 0.4)], NOISE),
        ([(0.1, 0.3), (-0.4, -0.2)], FAILS),
    ],
)
def test_verdicts(margins, told):
    assert verdict([estimate(*ends) for ends in margins]) == told
