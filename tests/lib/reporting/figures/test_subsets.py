"""Figures of subsets of tasks: what is drawn is what was measured, and axes say what they show."""

import matplotlib.pyplot as plt
import numpy as np
import pandas as pd
import pytest

from lib.reporting import subsets
from lib.reporting.figures.style import mode_style
from lib.reporting.figures.subsets import against_size, pairs
from tests.lib.reporting.test_subsets import rows

MODES = ["standard", "linear"]


@pytest.fixture
def axes():
    frame = pd.concat([rows(mode="standard", shift=-0.1), rows(mode="linear")])
    measured = subsets.over_seeds(subsets.of_subsets(frame))
    before = pd.DataFrame({"mode": MODES, "all": [0.3, 0.4]})
    yield against_size(measured, before, MODES).axes
    plt.close("all")


def test_a_line_goes_through_the_means_of_each_mode(axes):
    own, everywhere = axes
    for axis, sizes, first in ((own, [1, 2, 3], 100 * 2.9 / 3), (everywhere, [0, 1, 2, 3], 40.0)):
        line = axis.containers[1].lines[0]  # of the mode linear
        assert [round(x) for x in line.get_xdata()] == sizes
        assert line.get_ydata()[0] == pytest.approx(first) and line.get_ydata()[-1] == pytest.approx(80.0)
        assert line.get_color() == mode_style("linear")["color"]


def test_bars_are_standard_deviations_over_subsets_and_dots_the_subsets(axes):
    own = axes[0]
    (bars,) = own.containers[1].lines[2]
    low, high = bars.get_segments()[0][:, 1]
    assert (high - low) / 2 == pytest.approx(100 * np.std([1.0, 0.8, 1.1], ddof=1))
    dots = [line for line in own.lines if line.get_marker() == "."]
    assert [len(line.get_xdata()) for line in dots] == [7, 7]


def test_axes_say_what_they_show_and_ticks_are_whole(axes):
    assert [axis.get_title() for axis in axes] == ["on the subset's own tasks", "on all tasks"]
    assert all(axis.get_xlabel() == "number of task vectors" for axis in axes)
    assert axes[0].get_ylabel() == "normalized accuracy (%)"
    assert [axis.get_xticks().tolist() for axis in axes] == [[1, 2, 3], [0, 1, 2, 3]]
    assert [text.get_text() for text in axes[0].figure.legends[0].get_texts()] == ["Non-linear FT", "Linear FT"]


def test_pairs_have_a_panel_a_mode_one_scale_and_a_number_in_each_cell():
    matrices = {
        mode: subsets.pair_matrix(subsets.of_subsets(rows(mode=mode, shift=shift)), ["a", "b", "c"])
        for mode, shift in zip(MODES, (-0.1, 0.0), strict=True)
    }
    panels = [axis for axis in pairs(matrices, ["a", "b", "c"]).axes if axis.images]
    assert [axis.get_title() for axis in panels] == ["Non-linear FT", "Linear FT"]
    assert len({axis.images[0].get_clim() for axis in panels}) == 1
    assert panels[0].images[0].get_clim() == (pytest.approx(70), pytest.approx(90))
    texts = {text.get_position(): text.get_text() for text in panels[1].texts}
    assert texts == {(0, 1): "80", (0, 2): "90", (1, 2): "90"}
    assert [label.get_text() for label in panels[0].get_xticklabels()] == ["a", "b"]
    assert [label.get_text() for label in panels[0].get_yticklabels()] == ["b", "c"]
    plt.close("all")


def test_the_pairs_of_two_tasks_are_one_cell():
    matrix = np.array([[np.nan, np.nan], [0.9, np.nan]])
    figure = pairs({"linear": matrix}, ["a", "b"])
    assert [text.get_text() for text in figure.axes[0].texts] == ["90"]
    plt.close("all")
