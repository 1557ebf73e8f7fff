"""Shares of local energy: by hand, with paired resamples, and as they are printed."""

import numpy as np
import pytest

from lib.reporting import localization
from lib.reporting.bootstrap import Bootstrap
from tests.lib.files.test_local_energies import energies

BOOTSTRAP = Bootstrap(resamples=200, seed=0)


def of(own, control, **more):
    """Two logits, each with these energies at the task's and the control task's points."""
    energy = np.array([[[*own, *control]] * 2])
    shape = {"n": len(own), "m": len(control), "energy": energy, "rank": np.full((1, 2), round(sum(energy[0, 0])))}
    return energies(**shape, **more)


def test_the_share_is_that_of_the_sums():
    found = of([0.5, 0.5, 0.5, 0.5], [0.25, 0.25])
    share = localization.share(found, 0, BOOTSTRAP)
    assert share.value == pytest.approx(0.8) and share.interval == pytest.approx((0.8, 0.8))


def test_the_mean_is_over_logits_not_over_their_energies():
    energy = np.array([[[1.0, 1.0, 0.0, 0.0], [0.01, 0.01, 0.03, 0.03]]])
    found = energies(n=2, m=2, energy=energy)
    assert localization.share(found, 0, BOOTSTRAP).value == pytest.approx((1 + 0.25) / 2)


def test_models_are_paired_on_the_same_points():
    """Twice the energy everywhere has the same share in every resample; another task's points are drawn anew."""
    rng = np.random.default_rng(0)
    own, control = rng.random(20), rng.random(20)
    one, other = of(own, control), of(2 * own, 2 * control, model="random")
    shares = [localization.share(found, 0, BOOTSTRAP).values for found in (one, other)]
    np.testing.assert_allclose(shares[0], shares[1])
    assert np.ptp(shares[0]) > 0.05
    elsewhere = localization.share(of(own, control, task="C"), 0, BOOTSTRAP).values
    assert shares[0][0] == elsewhere[0] and not np.allclose(shares[0], elsewhere)


def test_the_table_has_a_row_for_each_pair_and_cut_off():
    found = [of([0.5] * 4, [0.25] * 2, model=model) for model in ("m", "random")]
    frame = localization.localization(found, BOOTSTRAP)
    assert frame.iloc[0].to_dict() == pytest.approx(
        {"model": "m", "task": "A", "control_task": "B", "cut_off": 0.9, "logits": 2, "points": 6, "rank": 2.0}
        | {"share": 0.8, "low": 0.8, "high": 0.8, "uniform": 4 / 6}
    )
    text = localization.table(frame, 200).markdown()
    assert "| A against B, 90 % |           80.0 |" in text.replace("         ", "         ")
    assert "would have 67 %" in text and "at most 0.0 points" in text
