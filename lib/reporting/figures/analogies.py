"""Accuracy on task d against the number of its images, with and without the analogy (Ilharco et al. 2023, Sec. 5)."""

from __future__ import annotations

from collections.abc import Sequence

import matplotlib.pyplot as plt
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from lib.reporting.analogies import ALL, STARTS, equation
from lib.reporting.figures.style import STYLE
from lib.reporting.labels import PRETRAINED, title

_LINES = {PRETRAINED: {"fmt": "o--", "color": "0.4"}, "analogy": {"fmt": "s-", "color": "#0072B2"}}


def few_shot_curves(frame: pd.DataFrame) -> Figure:
    """One panel per mode and quadruple: test accuracy on d in percent against images per class, a curve per start.

    frame: one model's rows of `lib.reporting.analogies.analogies`, with low and high. Curves are means over seeds;
    whiskers are the intervals of a single seed, the standard deviation over several. Dotted: d's own model.
    """
    panels = list(frame.groupby(["mode", "quadruple"], sort=False))
    columns = min(len(panels), frame["quadruple"].nunique(), 4)
    rows = -(-len(panels) // columns)
    with plt.rc_context(STYLE):
        figure, axes = plt.subplots(
            rows, columns, figsize=(3.0 * columns + 0.4, 2.5 * rows), squeeze=False, sharey=True, layout="constrained"
        )
        for axis, ((mode, quadruple), part) in zip(axes.flat, panels, strict=False):
            _curves(axis, part)
            axis.set_title(f"{equation(quadruple)}\n{title(mode)}", fontsize=8)
        for axis in axes.flat[len(panels) :]:
            axis.set_axis_off()
        for axis in axes[:, 0]:
            axis.set_ylabel("test accuracy on d (%)")
        handles, labels = axes[0, 0].get_legend_handles_labels()
        figure.legend(handles, labels, loc="outside lower center", ncols=len(labels), fontsize=8)
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
    axis.set_xlabel("images per class of d")


def _whiskers(rows: pd.DataFrame, means: pd.Series) -> Sequence:
    """Below and above each mean, in percent."""
    by_shots = rows.groupby("shots", sort=False)
    if rows["seed"].nunique() > 1:
        return 100 * by_shots["accuracy"].std()
    ends = 100 * by_shots[["low", "high"]].mean()
    return [means - ends["low"], ends["high"] - means]
