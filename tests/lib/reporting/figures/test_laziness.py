"""The figure of laziness: a mark for each task and mode in each of three panels."""

import matplotlib.pyplot as plt
import pytest

from lib.reporting.figures.laziness import distances
from lib.reporting.figures.style import mode_style
from tests.lib.reporting.test_laziness import rows


def test_marks_are_means_over_seeds():
    figure = distances(rows(), ["B", "A"])
    titles = ["relative change of parameters", "relative change of features", "kernel distance"]
    assert [axis.get_title() for axis in figure.axes] == titles
    standard, linear = figure.axes[1].lines
    assert (
        standard.get_ydata().tolist() == pytest.approx([0.5, 0.5])
        and linear.get_color() == mode_style("linear")["color"]
    )
    assert figure.axes[2].lines[0].get_ydata().tolist() == pytest.approx([0.5, 0.4])
    assert [label.get_text() for label in figure.axes[0].get_xticklabels()] == ["B", "A"]
    plt.close("all")
