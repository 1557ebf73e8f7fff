"""xi over the red box against the grid that is stored, and its interval against a bootstrap by hand."""

import numpy as np
import pytest

from lib.files.outcomes import Outcomes
from lib.reporting import disentanglement
from lib.reporting.bootstrap import Bootstrap
from lib.reporting.disentanglement import Xi, frame, mean, measure, table, with_means

BOX, BOOTSTRAP = (0.0, 1.0), Bootstrap(resamples=400, seed=0)
ALPHAS = np.linspace(-1, 1.5, 6)  # 0, 0.5 and 1 lie in the box


def outcomes(mode="linear", pair=("A", "B"), seed=0, sizes=(40, 30), rate=0.3, draw=0):
    rng = np.random.default_rng(draw)
    return Outcomes(
        *("m", seed, mode, pair),
        alphas=ALPHAS,
        differs=tuple(rng.random((6, 6, n)) < rate for n in sizes),
        distance=tuple((2 * rate * rng.random((6, 6, n))).astype(np.float32) for n in sizes),
    )


def measured(*several):
    return {(o.model, o.seed, o.mode, "--".join(o.pair)): measure(o, BOX, BOOTSTRAP) for o in several}


def test_xi_in_the_box_is_the_mean_of_the_stored_grid_there():
    found, xi = outcomes(), measure(outcomes(), BOX, BOOTSTRAP)
    for distance, arrays in (("error", found.differs), ("representation", found.distance)):
        grids = [values.mean(-1, dtype=np.float64) for values in arrays]
        assert xi[distance].value == pytest.approx(sum(grids)[2:5, 2:5].mean(), rel=1e-12)
        for half, grid in zip(xi[distance].halves, grids, strict=True):
            assert half == pytest.approx(grid[2:5, 2:5].mean(), rel=1e-12)
    assert xi["error"].images == {"A": 40, "B": 30}


def test_a_box_between_two_points_of_the_grid_is_an_error():
    with pytest.raises(ValueError, match=r"no point of the disentanglement grid .* lies in \[0.1, 0.4\]"):
        measure(outcomes(), (0.1, 0.4), BOOTSTRAP)


def test_resamples_are_of_images_one_task_at_a_time():
    """Each resample takes whole images: all of a drawn image's points, in both distances alike."""
    found = outcomes()
    per_image = [values[2:5, 2:5].mean((0, 1)) for values in found.differs]
    by_hand = [BOOTSTRAP.means(values, task)[0] for values, task in zip(per_image, ("A", "B"), strict=True)]
    np.testing.assert_allclose(measure(found, BOX, BOOTSTRAP)["error"].samples, sum(by_hand), rtol=1e-12)


def test_the_interval_is_that_of_independent_draws():
    """Of many images, against the normal form: the variances of both tasks' means add."""
    found = outcomes(sizes=(600, 500))
    xi = measure(found, BOX, Bootstrap(resamples=4000, seed=1))["error"]
    variance = sum(values[2:5, 2:5].mean((0, 1)).var() / values.shape[-1] for values in found.differs)
    assert xi.samples.std() == pytest.approx(variance**0.5, rel=0.05)
    assert xi.samples.mean() == pytest.approx(xi.value, abs=3 * (variance / 4000) ** 0.5)


def test_modes_are_paired():
    """Outcomes that are alike but for a constant differ by that constant in every resample."""
    one = outcomes()
    other = Outcomes(**{**vars(one), "distance": tuple(values + np.float32(0.25) for values in one.distance)})
    difference = measure(other, BOX, BOOTSTRAP)["representation"].samples
    difference = difference - measure(one, BOX, BOOTSTRAP)["representation"].samples
    np.testing.assert_allclose(difference, 0.5, rtol=1e-5)


def test_a_mean_over_pairs_draws_a_shared_tasks_images_once():
    """A is in both pairs: the mean's variance is that of a sum, not of independent parts."""
    ab, ac = outcomes(pair=("A", "B")), outcomes(pair=("A", "C"), draw=1)
    same = Outcomes(**{**vars(ac), "differs": (ab.differs[0], ac.differs[1] & False)})
    ab = Outcomes(**{**vars(ab), "differs": (ab.differs[0], ab.differs[1] & False)})
    one, other = (measure(o, BOX, BOOTSTRAP)["error"] for o in (ab, same))
    together = mean([one, other])
    np.testing.assert_allclose(together.samples, one.samples, rtol=1e-12)
    assert together.value == pytest.approx(one.value) and together.images == {"A": 40, "B": 30, "C": 30}


def test_rows_hold_each_pair_and_the_mean_over_pairs():
    found = with_means(measured(outcomes(), outcomes(pair=("A", "C"), rate=0.5, draw=1), outcomes("standard")))
    rows = frame(found, BOOTSTRAP)
    assert list(zip(rows["mode"], rows["pair"], strict=True)) == [
        ("linear", "A--B"), ("linear", "A--C"), ("linear", "Mean"), ("standard", "A--B"), ("standard", "Mean")
    ]  # fmt: skip
    for distance in disentanglement.DISTANCES:
        halves = rows[f"{distance}_a"] + rows[f"{distance}_b"]
        np.testing.assert_allclose(rows[distance], halves, rtol=1e-12)
        assert (rows[f"{distance}_low"] < rows[distance]).all() and (rows[distance] < rows[f"{distance}_high"]).all()
        assert rows[distance][2] == pytest.approx(rows[distance][:2].mean())
    assert rows["n"].tolist() == [70, 70, 100, 70, 70]


def test_the_table_shows_three_decimals():
    xi = Xi((0.125, 0.25), np.linspace(0.3, 0.45, 401), {"A": 40, "B": 30})
    found = {("m", 0, "linear", "A--B"): {"error": xi, "representation": xi}}
    shown = table(found, BOOTSTRAP, caption="Disentanglement")
    assert shown.rows == ["Linear FT, A - B"]
    assert shown.cells == [["0.375", "0.304 to 0.446", "0.125", "0.250"] * 2 + ["70"]]
    assert "| Linear FT, A - B" in shown.markdown() and r"\multicolumn{4}{c}{Prediction error}" in shown.latex()


def test_several_seeds_give_their_spread_and_the_interval_of_their_mean():
    found = measured(outcomes(), outcomes(seed=1, rate=0.4, draw=1))
    (row,) = table(found, BOOTSTRAP, caption="").cells
    values = [xi["error"].value for xi in found.values()]
    low, high = BOOTSTRAP.interval(mean([xi["error"] for xi in found.values()]).samples)
    assert row[:2] == [f"{np.mean(values):.3f} ± {np.std(values, ddof=1):.3f}", f"{low:.3f} to {high:.3f}"]


def test_several_models_are_named_in_the_rows():
    found = {(model, 0, "linear", "A--B"): measure(outcomes(), BOX, BOOTSTRAP) for model in ("m", "l")}
    assert table(found, BOOTSTRAP, caption="").rows == ["m, Linear FT, A - B", "l, Linear FT, A - B"]
