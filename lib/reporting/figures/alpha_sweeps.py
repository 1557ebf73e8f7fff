"""Validation accuracy against the scaling coefficient."""

from __future__ import annotations

import matplotlib.pyplot as plt
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.lines import Line2D

from lib.reporting.figures.style import STYLE, label_all, legend_below, panels, task_styles
from lib.reporting.labels import rule_title, title

_CHOICE = {"color": "0.45", "linestyle": "--", "linewidth": 0.8}
_MEAN = {"color": "black", "linewidth": 1.8}
_OF_ONE, _OF_SEVERAL = {"height": 2.1}, {"height": 2.6, "in_a_row": 3}  # panels
_DOT = {"marker": "o", "markersize": 3.5, "linestyle": "none"}
_OWN = {"marker": "<", "markersize": 4, "linestyle": "none", "clip_on": False}
# what the legend shows beside the lines
_BY_TASK = {r"chosen $\alpha$": _CHOICE, "task's own model": {"color": "0.45", **_OWN}}
_BY_RULE = {r"chosen $\alpha$": {"color": "0.45", **_DOT}}


def alpha_sweeps(sweep: pd.DataFrame, chosen: pd.DataFrame, single: pd.DataFrame) -> Figure:
    """Validation accuracy under addition against alpha, one panel per mode; all frames are of one model and seed.

    Of one merging rule a line per task and their mean, the choice dashed; of several the mean of each, with its choice.

    sweep: (mode, rule, alpha, task, accuracy); chosen: (mode, rule, alpha); single: (mode, task, accuracy) on
    validation, at the right edge of a single rule's panels. Rules of a single alpha have no curve and are left out,
    unless there is no other: then their points are shown.
    """
    curved = sweep.groupby(["mode", "rule"])["alpha"].transform("nunique") > 1
    sweep = sweep[curved] if curved.any() else sweep
    modes, rules = (list(dict.fromkeys(sweep[column])) for column in ("mode", "rule"))
    with plt.rc_context(STYLE):
        draw, shape, further = (_means, _OF_SEVERAL, _BY_RULE) if len(rules) > 1 else (_curves, _OF_ONE, _BY_TASK)
        figure, axes = panels(len(modes), sharey=True, **shape)
        for axis, mode in zip(axes, modes, strict=True):
            rows, choices = (frame[frame["mode"] == mode] for frame in (sweep, chosen))
            choice = choices.drop_duplicates("rule").set_index("rule")["alpha"]
            draw(axis, rows, choice, single[single["mode"] == mode])
            axis.set_title(title(mode))
        label_all(figure, x=r"scaling coefficient $\alpha$", y="validation accuracy (%)")
        handles, labels = axes[0].get_legend_handles_labels()
        handles += [Line2D([], [], **look) for look in further.values()]
        legend_below(figure, handles, [*labels, *further])
    return figure


def _means(axis: Axes, rows: pd.DataFrame, choice: pd.Series, single: pd.DataFrame) -> None:
    """Of each rule the mean over tasks; the tasks' own models are not shown."""
    for rule, style in task_styles(list(dict.fromkeys(rows["rule"]))).items():
        means = 100 * rows[rows["rule"] == rule].groupby("alpha")["accuracy"].mean()
        axis.plot(means.index, means, linewidth=0.9, label=rule_title(rule), **style)
        axis.plot(choice[rule], means[choice[rule]], color=style["color"], **_DOT)


def _curves(axis: Axes, rows: pd.DataFrame, choice: pd.Series, single: pd.DataFrame) -> None:
    """Of the one rule a line per task, and their mean."""
    wide = 100 * rows.pivot_table(index="alpha", columns="task", values="accuracy", sort=False)
    point = {"marker": "o", "markersize": 3.5} if len(wide) == 1 else {}
    for task, style in task_styles(list(wide)).items():
        axis.plot(wide.index, wide[task], linewidth=0.9, label=task, **style, **point)
        own = single[single["task"] == task]["accuracy"].mean()
        axis.plot(1.06 * wide.index.max(), 100 * own, color=style["color"], **_OWN)
    axis.plot(wide.index, wide.mean(axis=1), label="mean", **_MEAN, **point)
    axis.axvline(choice[rows["rule"].iloc[0]], **_CHOICE)
