"""Training losses."""

from __future__ import annotations

import math
from collections.abc import Sequence

import matplotlib.pyplot as plt
import pandas as pd
from matplotlib.figure import Figure
from matplotlib.ticker import LogLocator, NullLocator

from lib.reporting.figures.style import STYLE, label_all, legend_below, panels, task_styles
from lib.reporting.labels import title


def loss_curves(log: pd.DataFrame, modes: Sequence[str], tasks: Sequence[str], *, every: int) -> Figure:
    """Training loss against steps, as means over `every` steps: one panel per mode, a line per task.

    log: (mode, task, step, loss), a row per step, of one model and seed; none where a checkpoint was imported. The axis
    is logarithmic unless a loss is negative, as under gradient ascent.
    """
    positive = bool((log["loss"] > 0).all())
    decades = math.log10(log["loss"].max() / log["loss"].min()) if positive and len(log) else 0
    with plt.rc_context(STYLE):
        figure, axes = panels(len(modes), height=2.1, sharey=positive)
        for axis, mode in zip(axes, modes, strict=True):
            for task, style in task_styles(tasks).items():
                steps, losses = _means(log[(log["mode"] == mode) & (log["task"] == task)], every)
                axis.plot(steps, losses, linewidth=0.9, label=task, **style)
            axis.set(yscale="log" if positive else "linear", title=title(mode))
            if positive:
                axis.yaxis.set_major_locator(LogLocator(subs=(1,) if decades > 1.5 else (1, 2, 5), numticks=9))
                axis.yaxis.set_major_formatter("{x:g}")
                axis.yaxis.set_minor_locator(NullLocator())
        label_all(figure, x="optimizer step", y="training loss (nats)")
        legend_below(figure, *axes[0].get_legend_handles_labels())
    return figure


def _means(rows: pd.DataFrame, every: int) -> tuple[list[int], list[float]]:
    """The last step and the mean loss of each run of `every` rows."""
    steps, losses = rows["step"].tolist(), rows["loss"].tolist()
    parts = [losses[start : start + every] for start in range(0, len(losses), every)]
    return [steps[min(start + every, len(steps)) - 1] for start in range(0, len(steps), every)], [
        sum(part) / len(part) for part in parts
    ]
