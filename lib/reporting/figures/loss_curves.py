"""Training losses."""

from __future__ import annotations

from collections.abc import Sequence

import matplotlib.pyplot as plt
import pandas as pd
from matplotlib.figure import Figure

from lib.reporting.figures.style import STYLE
from lib.reporting.labels import title


def loss_curves(log: pd.DataFrame, modes: Sequence[str], tasks: Sequence[str], *, every: int) -> Figure:
    """Training loss against steps, as means over `every` steps: one panel per mode, a line per task.

    log: (mode, task, step, loss), a row per step, of one model and seed; none where a checkpoint was imported. The axis
    is logarithmic unless a loss is negative, as under gradient ascent.
    """
    positive = bool((log["loss"] > 0).all())
    with plt.rc_context(STYLE):
        figure, axes = plt.subplots(
            1,
            len(modes),
            figsize=(2.6 * len(modes) + 1.2, 2.6),
            squeeze=False,
            sharey=positive,
            layout="constrained",
        )
        for axis, mode in zip(axes[0], modes, strict=True):
            for task, colour in zip(tasks, plt.get_cmap("tab10").colors * 4, strict=False):
                steps, losses = _means(log[(log["mode"] == mode) & (log["task"] == task)], every)
                axis.plot(steps, losses, color=colour, linewidth=1, label=task)
            axis.set(yscale="log" if positive else "linear", xlabel="step", title=title(mode))
        axes[0, 0].set_ylabel("training loss")
        axes[0, -1].legend(loc="center left", bbox_to_anchor=(1.02, 0.5), fontsize=7)
    return figure


def _means(rows: pd.DataFrame, every: int) -> tuple[list[int], list[float]]:
    """The last step and the mean loss of each run of `every` rows."""
    steps, losses = rows["step"].tolist(), rows["loss"].tolist()
    parts = [losses[start : start + every] for start in range(0, len(losses), every)]
    return [steps[min(start + every, len(steps)) - 1] for start in range(0, len(steps), every)], [
        sum(part) / len(part) for part in parts
    ]
