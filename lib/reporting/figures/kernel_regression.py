"""Accuracy of kernel regression against that of fine-tuning by the kernel's optimizer (Malladi et al. 2023)."""

from __future__ import annotations

from collections.abc import Sequence

import matplotlib.pyplot as plt
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.lines import Line2D

from lib.reporting.figures.style import PAGE, STYLE, legend_below, panels, task_styles
from lib.reporting.kernel_regression import COUNTERPARTS, TITLES

_MARKERS = dict(zip(COUNTERPARTS, "os^", strict=True))


def kernel_against_tuning(frame: pd.DataFrame, tasks: Sequence[str]) -> Figure:
    """A panel per kernel: test accuracy in percent, a point per task and number of shots; filled: the most shots.

    frame: one model's rows of `lib.reporting.kernel_regression.summary`. Whiskers are standard deviations over splits.
    """
    rows = frame.set_index(["method", "task", "shots"])
    known = set(frame["method"])
    kernels = [kernel for kernel, other in COUNTERPARTS.items() if {kernel, other} <= known]
    with plt.rc_context(STYLE):
        figure, axes = panels(len(kernels), height=2.5, in_a_row=3, width=PAGE, sharex=True, sharey=True)
        for axis, kernel in zip(axes, kernels, strict=True):
            _points(axis, rows, kernel, tasks)
            axis.set(title=TITLES[kernel], xlabel=f"{TITLES[COUNTERPARTS[kernel]]} (%)")
        axes[0].set_ylabel("kernel regression (%)")
        ends = _ends(frame[frame["method"].isin([*kernels, *COUNTERPARTS.values()])])
        for axis in axes:
            axis.plot(ends, ends, color="black", linestyle=":", linewidth=0.8)
            axis.set(xlim=ends, ylim=ends)
        legend_below(figure, *_legend(tasks, sorted(set(frame["shots"]) - {0})))
    return figure


def _points(axis: Axes, rows: pd.DataFrame, kernel: str, tasks: Sequence[str]) -> None:
    shots = sorted({number for method, _, number in rows.index if method == kernel})
    for task, style in task_styles(tasks).items():
        for number in shots:
            one, other = rows.loc[(kernel, task, number)], rows.loc[(COUNTERPARTS[kernel], task, number)]
            axis.errorbar(
                100 * other["accuracy"],
                100 * one["accuracy"],
                xerr=100 * other["std"],
                yerr=100 * one["std"],
                color=style["color"],
                marker=_MARKERS[kernel],
                markersize=4 + 2 * shots.index(number),
                markerfacecolor=style["color"] if number == shots[-1] else "white",
                elinewidth=0.7,
            )


def _ends(rows: pd.DataFrame) -> tuple[float, float]:
    """Percent that hold every point and its whiskers, but for what lies outside of 0 to 100."""
    spread = rows["std"].fillna(0)
    low, high = (rows["accuracy"] - spread).min(), (rows["accuracy"] + spread).max()
    return max(0.0, 100 * low - 2), min(100.0, 100 * high + 2)


def _legend(tasks: Sequence[str], shots: Sequence[int]) -> tuple[list[Line2D], list[str]]:
    look = {"linestyle": "", "marker": "o", "markersize": 4}
    handles = [Line2D([], [], color=style["color"], **look) for style in task_styles(tasks).values()]
    fill = ["white"] * (len(shots) - 1) + ["black"]
    handles += [Line2D([], [], color="black", markerfacecolor=colour, **look) for colour in fill]
    return handles, [*tasks, *(f"{number} {'shot' if number == 1 else 'shots'}" for number in shots)]
