"""Single-task accuracy of one mode against another (Ortiz-Jimenez et al. 2023, Figs. 2 and 5)."""

from __future__ import annotations

from collections.abc import Sequence

import matplotlib.pyplot as plt
import numpy as np
import pandas as pd
from matplotlib.figure import Figure

from lib.reporting.figures.style import COLUMN, STYLE, legend_below, task_styles
from lib.reporting.labels import title

_MARKERS = "os^DvP*X"


def single_task_scatter(frame: pd.DataFrame, other: str, *, tasks: Sequence[str]) -> Figure:
    """Test accuracy of non-linear fine-tuning against that of `other`: a point per task, a marker per model."""
    with plt.rc_context(STYLE):
        figure, axes = plt.subplots(figsize=(COLUMN, 3.9), layout="compressed")
        test = frame[(frame["split"] == "test") & frame["task"].isin(tasks)]
        colours = {task: style["color"] for task, style in task_styles(tasks).items()}
        markers = dict(zip(test["model"].unique(), _MARKERS, strict=False))
        for model, rows in test.groupby("model", sort=False):
            wide = rows.pivot_table(index="task", columns="mode", values="accuracy")
            for task in [task for task in tasks if task in wide.index]:
                label = task if model == test["model"].iloc[0] else None
                point = (100 * wide.loc[task, "standard"], 100 * wide.loc[task, other])
                axes.plot(*point, markers[model], color=colours[task], label=label, markersize=6, mec="white", mew=0.5)
        low = min(line.get_data()[i][0] for line in axes.lines for i in (0, 1))
        low = max(0, 10 * np.floor((low - 3) / 10))
        axes.plot([low, 100], [low, 100], "k:", linewidth=0.8, zorder=0)
        for model, marker in markers.items() if len(markers) > 1 else ():
            axes.plot([], [], marker, color="black", mfc="none", label=model, markersize=6)
        axes.set(xlim=(low, 101), ylim=(low, 101), aspect="equal")
        axes.locator_params(nbins=6)
        axes.set_xlabel(f"{title('standard')}, test accuracy (%)")
        axes.set_ylabel(f"{title(other)}, test accuracy (%)")
        legend_below(figure, *axes.get_legend_handles_labels())
    return figure
