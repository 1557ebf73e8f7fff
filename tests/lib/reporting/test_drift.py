"""Drifts: means over pairs by hand, rank correlations against scipy, paired resamples, and as they are printed."""

import numpy as np
import pytest
from scipy import stats

from lib.reporting import drift
from lib.reporting.bootstrap import Bootstrap
from lib.reporting.drift import Drifts
from tests.lib.files.test_squared_lengths import lengths

BOOTSTRAP = Bootstrap(resamples=50, seed=0)
IMAGES = {"A": 9, "B": 8, "C": 7}


def drifts(scale=1.0, *, predicted=None, images=IMAGES, **more):
    t = len(images)
    predicted = np.arange(1.0, 1 + t * t).reshape(t, t) if predicted is None else predicted
    return Drifts.of(lengths(scale, images=images, **more), predicted, np.arange(1.0, 1 + t), BOOTSTRAP)


def test_pairs_are_of_a_vector_and_another_task():
    one, stored = drifts(), lengths(images=IMAGES)
    means = np.stack([values.mean(1, dtype=np.float64) for values in stored.of.values()], axis=1)
    others = ~np.eye(3, dtype=bool)
    assert one.others.value == pytest.approx(means[others].mean()) and one.own.value == pytest.approx(
        np.diag(means).mean()
    )
    assert one.ratio == pytest.approx(np.median(one.predicted[others] / means[others]))
    assert (one.pairs, one.images) == (6, 24)


def test_the_rank_correlation_is_spearmans_in_every_resample():
    one = drifts()
    others = ~np.eye(3, dtype=bool)
    expected = [
        stats.spearmanr(one.predicted[others], values[others]).statistic for values in np.moveaxis(one.exact, 2, 0)
    ]
    np.testing.assert_allclose(one.correlation.values, expected)
    assert np.ptp(expected) > 0
    tied = drifts(predicted=np.array([[0, 1, 1], [2, 0, 2], [3, 1, 0]]))
    assert tied.correlation.value == pytest.approx(
        stats.spearmanr(tied.predicted[others], tied.exact[others][:, 0]).statistic
    )


def test_of_the_exact_value_itself_it_is_one_and_of_two_pairs_there_is_none():
    exact = drifts().exact[..., 0]
    assert drifts(predicted=exact).correlation.value == pytest.approx(1)
    assert drifts(predicted=exact).ratio == pytest.approx(1)
    assert np.isnan(drifts(images={"A": 4, "B": 3}).correlation.values).all()


def test_modes_are_paired_on_the_same_images():
    one, other = drifts(), drifts(2.0, mode="linear-tak")
    np.testing.assert_allclose((other.others / one.others).values, 2, rtol=1e-6)
    assert np.ptp(one.others.values) > 0.01


def test_the_table_has_a_row_for_each_mode_and_means_over_seeds():
    found = [drifts(), drifts(3.0, seed=1), drifts(2.0, mode="linear-tak")]
    frame = drift.frame(found)
    assert list(frame["seed"]) == [0, 1, 0] and (frame["drift_low"] < frame["drift"]).all()
    assert frame.loc[0, ["norm", "pairs", "n"]].tolist() == [2, 6, 24]
    table = drift.table(found)
    assert table.rows == ["Linear FT", "Linear FT + TAK"]
    assert table.cells[0][0] == f"{2 * found[0].others.value:.3g}" and table.cells[0][-2:] == ["6", "24"]
    several = drift.table([drifts(), drifts(model="other", images={"A": 4, "B": 3})])
    assert several.rows == ["m, Linear FT", "other, Linear FT"] and several.cells[1][5] == "-"
