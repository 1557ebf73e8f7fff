"""Validation accuracy against the scaling coefficient."""

from __future__ import annotations

import matplotlib.pyplot as plt
import pandas as pd
from matplotlib.figure import Figure

from lib.reporting.figures.style import STYLE
from lib.reporting.labels import title


def alpha_sweeps(sweep: pd.DataFrame, chosen: pd.DataFrame, single: pd.DataFrame) -> Figure:
    """Validation accuracy under addition against alpha: one panel per mode (and merging rule, where there are several),
    a line per task, and their mean; the choice is dashed. All frames are of one model and seed.

    sweep: (mode, rule, alpha, task, accuracy); chosen: (mode, rule, alpha); single: (mode, task, accuracy) on
    validation, at the right edge. Rules of a single alpha have no curve and are left out.
    """
    panels = [key for key, rows in sweep.groupby(["mode", "rule"], sort=False) if rows["alpha"].nunique() > 1]
    several = len({rule for _, rule in panels}) > 1
    with plt.rc_context(STYLE):
        figure, axes = plt.subplots(
            1, len(panels), figsize=(2.5 * len(panels) + 1.2, 2.6), squeeze=False, sharey=True, layout="constrained"
        )
        for axis, (mode, rule) in zip(axes[0], panels, strict=True):
            rows = sweep[(sweep["mode"] == mode) & (sweep["rule"] == rule)]
            wide = 100 * rows.pivot_table(index="alpha", columns="task", values="accuracy", sort=False)
            for task, colour in zip(wide, plt.get_cmap("tab10").colors * 4, strict=False):
                axis.plot(wide.index, wide[task], color=colour, linewidth=0.9, label=task)
                own = single[(single["mode"] == mode) & (single["task"] == task)]["accuracy"].mean()
                axis.plot(1.04 * wide.index.max(), 100 * own, "<", color=colour, markersize=4, clip_on=False)
            axis.plot(wide.index, wide.mean(axis=1), color="black", linewidth=1.8, label="mean")
            choice = chosen[(chosen["mode"] == mode) & (chosen["rule"] == rule)]["alpha"].iloc[0]
            axis.axvline(choice, color="grey", linestyle="--", linewidth=0.8)
            axis.set_title(title(mode, rule if several else None))
            axis.set_xlabel(r"$\alpha$")
        axes[0, 0].set_ylabel("validation accuracy (%)")
        axes[0, -1].legend(loc="center left", bbox_to_anchor=(1.08, 0.5), fontsize=7)
    return figure
