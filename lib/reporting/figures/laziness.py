"""How far parameters, features and kernel moved in each mode's fine-tuning."""

from __future__ import annotations

from collections.abc import Sequence

import matplotlib.pyplot as plt
import pandas as pd
from matplotlib.figure import Figure

from lib.reporting.figures.style import PAGE, STYLE, legend_below, mode_style, panels
from lib.reporting.labels import title
from lib.reporting.laziness import MEASURED


def distances(rows: pd.DataFrame, tasks: Sequence[str]) -> Figure:
    """A panel per distance: a mark for each task and mode, the mean over seeds. rows: of one model."""
    modes = list(dict.fromkeys(rows["mode"]))
    with plt.rc_context(STYLE):
        figure, axes = panels(len(MEASURED), height=2.6, in_a_row=3, width=PAGE)
        for axis, (column, what) in zip(axes, MEASURED.items(), strict=True):
            for place, mode in enumerate(modes):
                means = rows[rows["mode"] == mode].groupby("task")[column].mean().loc[list(tasks)]
                shift = (place - (len(modes) - 1) / 2) * 0.12
                at = [index + shift for index in range(len(tasks))]
                axis.plot(at, means, linestyle="", markersize=5, label=title(mode), **mode_style(mode))
            axis.set_title(what)
            axis.set_xticks(range(len(tasks)), tasks, rotation=45, ha="right")
            axis.margins(y=0.2)
            axis.set_ylim(bottom=0)
        legend_below(figure, *axes[0].get_legend_handles_labels())
    return figure
