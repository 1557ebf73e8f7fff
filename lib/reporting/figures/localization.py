"""Local energy of each point, on a task and its control task (Ortiz-Jimenez et al. 2023, Figs. 6, 14, 15)."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import matplotlib.pyplot as plt
import numpy as np
import pandas as pd
from matplotlib.figure import Figure

from lib.files.local_energies import LocalEnergies
from lib.reporting.figures.style import COLUMN, PAGE, STYLE, legend_below, panels

_LINES = (("-", "o"), ("--", "s"), (":", "^"), ("-.", "D"))


def local_energies(found: Mapping[str, LocalEnergies], cut: int = 0) -> Figure:
    """E_loc against the point, a panel for each title and a curve for each logit; the task's points come first.

    Black: the mean over logits. found: of the same points and logits. cut: which cut-off.
    """
    with plt.rc_context(STYLE):
        width = COLUMN if len(found) == 1 else PAGE
        figure, axes = panels(len(found), height=2.3, in_a_row=2, width=width, sharex=True, sharey=True)
        for axis, (name, one) in zip(axes, found.items(), strict=True):
            energy, own = one.energy[cut], int(one.own.sum())
            colours = plt.cm.viridis(np.linspace(0.1, 0.9, len(energy)))
            for curve, colour in zip(energy, colours, strict=True):
                axis.plot(curve, color=colour, linewidth=0.5, alpha=0.7)
            axis.plot(energy.mean(0), color="black", linewidth=0.8)
            axis.axvline(own - 0.5, color="black", linestyle=":", linewidth=0.8)
            axis.set(title=name, xlabel=f"{one.task} | {one.control}", xticks=[])
        axes[0].set_ylim(bottom=0)
        axes[0].set_ylabel("local energy of a point")
    return figure


def cut_offs(shares: pd.DataFrame, models: Sequence[str]) -> Figure:
    """Share of the energy on the task's own points against the cut-off, a panel per task and control task.

    shares: rows of `lib.reporting.localization`; whiskers are 95 % intervals. Dotted: energy that is everywhere alike.
    """
    parts = list(shares.groupby(["task", "control_task"], sort=False))
    places = {cut_off: place for place, cut_off in enumerate(sorted(set(shares["cut_off"])))}
    with plt.rc_context(STYLE):
        figure, axes = panels(len(parts), height=2.2, in_a_row=3, width=PAGE, sharey=True)
        for axis, ((task, control), part) in zip(axes, parts, strict=True):
            for index, model in enumerate(models):
                rows = part[part["model"] == model].sort_values("cut_off")
                line, marker = _LINES[index % len(_LINES)]
                percent = 100 * rows[["share", "low", "high"]]
                axis.errorbar(
                    [places[cut_off] for cut_off in rows["cut_off"]],
                    percent["share"],
                    yerr=[percent["share"] - percent["low"], percent["high"] - percent["share"]],
                    color="black" if line == "-" else "#737373",
                    linestyle=line,
                    marker=marker,
                    markersize=4,
                    label=model,
                )
            axis.axhline(100 * part["uniform"].mean(), color="black", linestyle=":", linewidth=0.8)
            axis.set(title=f"{task} against {control}", xlabel="kept share of squares (%)")
            axis.set_xticks(list(places.values()), [f"{100 * cut_off:g}" for cut_off in places])
        axes[0].set_ylabel("energy on own points (%)")
        legend_below(figure, *axes[0].get_legend_handles_labels())
    return figure
