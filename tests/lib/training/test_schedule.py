"""The learning rate, by hand."""

import pytest

from lib.training.schedule import learning_rate


def test_schedule():
    rates = [learning_rate(step, peak=1.0, warmup=4, steps=12) for step in range(12)]
    assert rates[:4] == [0.25, 0.5, 0.75, 1.0]
    assert rates[4] == 1.0 and rates[8] == pytest.approx(0.5)
    assert all(a >= b for a, b in zip(rates[4:], rates[5:], strict=False)) and 0 < rates[-1] < 0.05


def test_a_warm_up_as_long_as_the_run_never_falls():
    assert [learning_rate(step, peak=2.0, warmup=4, steps=4) for step in range(4)] == [0.5, 1.0, 1.5, 2.0]
