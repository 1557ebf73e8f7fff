"""Validation sweeps: a panel per mode, with a line per task, or per merging rule where there are several."""

import matplotlib.pyplot as plt
import pandas as pd
import pytest

from lib.reporting.figures.alpha_sweeps import alpha_sweeps

ACCURACY = {("A", 0.0): 0.2, ("A", 0.5): 0.8, ("A", 1.0): 0.6, ("B", 0.0): 0.4, ("B", 0.5): 0.6, ("B", 1.0): 0.0}


def frames(keys):
    """sweep, chosen and single of (mode, rule, alphas)."""
    sweep = [
        (mode, rule, alpha, task, value)
        for mode, rule, alphas in keys
        for (task, alpha), value in ACCURACY.items()
        if alpha in alphas
    ]
    single = [(mode, task, 0.9) for mode in dict.fromkeys(mode for mode, _, _ in keys) for task in ("A", "B")]
    return (
        pd.DataFrame(sweep, columns=["mode", "rule", "alpha", "task", "accuracy"]),
        pd.DataFrame([(mode, rule, 0.5) for mode, rule, _ in keys], columns=["mode", "rule", "alpha"]),
        pd.DataFrame(single, columns=["mode", "task", "accuracy"]),
    )


ALL = (0.0, 0.5, 1.0)


@pytest.mark.parametrize(
    ("keys", "titles"),
    [
        ([("standard", "sum", ALL), ("linear", "sum", ALL)], ["Non-linear FT", "Linear FT"]),
        ([("linear", "sum", ALL), ("linear", "mean", (1.0,))], ["Linear FT"]),  # one alpha is no curve
        ([("linear", "sum", ALL), ("linear", "ties", ALL)], ["Linear FT"]),  # a line each
    ],
)
def test_there_is_a_panel_per_mode(keys, titles):
    figure = alpha_sweeps(*frames(keys))
    assert [axes.get_title() for axes in figure.axes] == titles
    plt.close("all")


def test_lines_are_percent_their_mean_and_the_choice():
    axes = alpha_sweeps(*frames([("linear", "sum", ALL)])).axes[0]
    lines = {line.get_label(): line for line in axes.lines if not line.get_label().startswith("_")}
    assert list(lines["A"].get_xdata()) == [0.0, 0.5, 1.0]
    assert list(lines["A"].get_ydata()) == pytest.approx([20, 80, 60])
    assert list(lines["B"].get_ydata()) == pytest.approx([40, 60, 0])
    assert list(lines["mean"].get_ydata()) == pytest.approx([30, 70, 30])
    dashed = [line for line in axes.lines if line.get_linestyle() == "--"]
    assert list(dashed[0].get_xdata()) == [0.5, 0.5]
    single = [line for line in axes.lines if line.get_marker() == "<"]
    assert [line.get_ydata()[0] for line in single] == pytest.approx([90, 90])
    plt.close("all")


def test_where_every_rule_has_one_alpha_its_points_are_shown():
    (axes,) = alpha_sweeps(*frames([("linear", "mean", (0.5,))])).axes
    points = {line.get_label(): line for line in axes.lines if line.get_marker() == "o"}
    assert {label: line.get_ydata().tolist() for label, line in points.items()} == {
        "A": pytest.approx([80]),
        "B": pytest.approx([60]),
        "mean": pytest.approx([70]),
    }
    plt.close("all")


def test_several_rules_have_their_mean_each_and_a_dot_at_the_choice():
    sweep, chosen, single = frames([("linear", "sum", ALL), ("linear", "ties", (0.0, 0.5))])
    chosen.loc[chosen["rule"] == "ties", "alpha"] = 0.0
    axes = alpha_sweeps(sweep, chosen, single).axes[0]
    lines = {line.get_label(): line for line in axes.lines if not line.get_label().startswith("_")}
    assert {label: list(line.get_ydata()) for label, line in lines.items()} == {
        "sum": pytest.approx([30, 70, 30]),
        "TIES": pytest.approx([30, 70]),
    }
    dots = [line for line in axes.lines if line.get_marker() == "o"]
    assert [(*line.get_xdata(), *line.get_ydata()) for line in dots] == [
        (0.5, pytest.approx(70)),
        (0, pytest.approx(30)),
    ]
    plt.close("all")
