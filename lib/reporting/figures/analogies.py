"""Accuracy on task d against the number of its images, with and without the analogy (Ilharco et al. 2023, Sec. 5)."""

from __future__ import annotations

from collections.abc import Sequence

import matplotlib.pyplot as plt
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from lib.reporting.analogies import ALL, STARTS, equation
from lib.reporting.figures.style import PAGE, STYLE, label_all, legend_below, mode_style, panels
from lib.reporting.labels import PRETRAINED, title

# black, because a panel is of one mode: colours are those of modes and tasks
_LINES = {
    PRETRAINED: {"fmt": "o--", "color": mode_style(PRETRAINED)["color"]},
    "analogy": {"fmt": "s-", "color": "black"},
}


def few_shot_curves(frame: pd.DataFrame) -> Figure:
    """One panel per mode and quadruple: test accuracy on d in percent against images per class, a curve per start.

    frame: one model's rows of `lib.reporting.analogies.analogies`, with low and high. Curves are means over seeds;
    whiskers are the intervals of a single seed, the standard deviation over several. Dotted: d's own model.
    """
    parts = list(frame.groupby(["mode", "quadruple"], sort=False))
    with plt.rc_context(STYLE):
        figure, axes = panels(len(parts), height=2.1, in_a_row=2, width=PAGE, sharey=True)
        for axis, ((mode, quadruple), part) in zip(axes, parts, strict=True):
            _curves(axis, part)
            axis.set_title(f"{equation(quadruple)}\n{title(mode)}")
        label_all(figure, x="images per class of d", y="test accuracy on d (%)")
        legend_below(figure, *axes[0].get_legend_handles_labels())
    return figure


def _curves(axis: Axes, rows: pd.DataFrame) -> None:
    shots = [number for number in dict.fromkeys(rows["shots"]) if number != ALL]
    for start, style in _LINES.items():
        of_start = rows[(rows["start"] == start) & (rows["shots"] != ALL)]
        means = 100 * of_start.groupby("shots", sort=False)["accuracy"].mean()
        places = [shots.index(number) for number in means.index]
        axis.errorbar(places, means, yerr=_whiskers(of_start, means), label=STARTS[start], markersize=4, **style)
    own = 100 * rows[rows["shots"] == ALL]["accuracy"].mean()
    axis.axhline(own, color="black", linestyle=":", linewidth=1, label="all images of d")
    axis.set_xticks(range(len(shots)), shots)


def _whiskers(rows: pd.DataFrame, means: pd.Series) -> Sequence:
    """Below and above each mean, in percent."""
    by_shots = rows.groupby("shots", sort=False)
    if rows["seed"].nunique() > 1:
        return 100 * by_shots["accuracy"].std()
    ends = 100 * by_shots[["low", "high"]].mean()
    return [means - ends["low"], ends["high"] - means]
