"""Figures of local energies: what is drawn is what was measured, and axes say what they show."""

import matplotlib.pyplot as plt
import numpy as np
import pandas as pd
import pytest

from lib.reporting.figures import localization
from tests.lib.files.test_local_energies import energies


@pytest.fixture(autouse=True)
def _closed():
    yield
    plt.close("all")


def test_a_curve_for_each_logit_and_their_mean_beside_the_random_tower():
    one, other = energies(), energies(model="r")
    left, right = localization.local_energies({"pre-trained": one, "random init": other}).axes
    assert [axis.get_title() for axis in (left, right)] == ["pre-trained", "random init"]
    curves = [line.get_ydata() for line in left.lines]
    assert np.array_equal(curves[:2], one.energy[0]) and np.array_equal(curves[2], one.energy[0].mean(0))
    assert left.lines[3].get_xdata()[0] == 2.5 and left.get_xlabel() == "A | B"
    assert left.get_ylabel() == "local energy of a point" and left.get_ylim() == right.get_ylim()


def test_a_line_per_model_against_the_cut_off():
    rows = [
        {"model": model, "task": "A", "control_task": control, "cut_off": cut_off, "share": share, "uniform": 0.5}
        for control in "BC"
        for model, share in (("m", 0.9), ("r", 0.6))
        for cut_off in (0.99, 0.9)
    ]
    shares = pd.DataFrame(rows).assign(low=lambda rows: rows["share"] - 0.1, high=lambda rows: rows["share"] + 0.05)
    axes = localization.cut_offs(shares, ["m", "r"]).axes
    assert [axis.get_title() for axis in axes] == ["A against B", "A against C"]
    line, _, (bars,) = axes[0].containers[1].lines
    assert line.get_xdata().tolist() == [0, 1] and line.get_ydata().tolist() == [60, 60]
    assert bars.get_segments()[0][:, 1].tolist() == pytest.approx([50, 65])
    assert [label.get_text() for label in axes[0].get_xticklabels()] == ["90", "99"]
