"""Validation accuracy against the scaling coefficient."""

from __future__ import annotations

import matplotlib.pyplot as plt
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.lines import Line2D

from lib.reporting.figures.style import STYLE, label_all, legend_below, panels, task_styles
from lib.reporting.labels import title

_CHOICE = {"color": "0.45", "linestyle": "--", "linewidth": 0.8}
_MEAN = {"color": "black", "linewidth": 1.8}
_OWN = {"marker": "<", "markersize": 4, "linestyle": "none", "clip_on": False}


def alpha_sweeps(sweep: pd.DataFrame, chosen: pd.DataFrame, single: pd.DataFrame) -> Figure:
    """Validation accuracy under addition against alpha: one panel per mode (and merging rule, where there are several),
    a line per task, and their mean; the choice is dashed. All frames are of one model and seed.

    sweep: (mode, rule, alpha, task, accuracy); chosen: (mode, rule, alpha); single: (mode, task, accuracy) on
    validation, at the right edge. Rules of a single alpha have no curve and are left out.
    """
    shown = [key for key, rows in sweep.groupby(["mode", "rule"], sort=False) if rows["alpha"].nunique() > 1]
    several = len({rule for _, rule in shown}) > 1
    with plt.rc_context(STYLE):
        figure, axes = panels(len(shown), height=2.1, sharey=True)
        for axis, (mode, rule) in zip(axes, shown, strict=True):
            rows = sweep[(sweep["mode"] == mode) & (sweep["rule"] == rule)]
            choice = chosen[(chosen["mode"] == mode) & (chosen["rule"] == rule)]["alpha"].iloc[0]
            _curves(axis, rows, single[single["mode"] == mode], choice)
            axis.set_title(title(mode, rule if several else None).replace(", ", ",\n"))
        label_all(figure, x=r"scaling coefficient $\alpha$", y="validation accuracy (%)")
        handles, labels = axes[0].get_legend_handles_labels()
        handles += [Line2D([], [], **_CHOICE), Line2D([], [], color="0.45", **_OWN)]
        legend_below(figure, handles, [*labels, r"chosen $\alpha$", "task's own model"])
    return figure


def _curves(axis: Axes, rows: pd.DataFrame, single: pd.DataFrame, choice: float) -> None:
    wide = 100 * rows.pivot_table(index="alpha", columns="task", values="accuracy", sort=False)
    for task, style in task_styles(list(wide)).items():
        axis.plot(wide.index, wide[task], linewidth=0.9, label=task, **style)
        own = single[single["task"] == task]["accuracy"].mean()
        axis.plot(1.06 * wide.index.max(), 100 * own, color=style["color"], **_OWN)
    axis.plot(wide.index, wide.mean(axis=1), label="mean", **_MEAN)
    axis.axvline(choice, **_CHOICE)
