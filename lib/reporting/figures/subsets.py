"""Normalized accuracy of sums of task vectors against their number, and of pairs (Ilharco et al. 2023, Sec. 4)."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import matplotlib.pyplot as plt
import numpy as np
import pandas as pd
from matplotlib.figure import Figure

from lib.reporting.figures.style import PAGE, STYLE, legend_below, mode_style, panels
from lib.reporting.labels import title
from lib.reporting.subsets import MEASURED

_APART = 0.09  # between the modes' points of one size


def against_size(subsets: pd.DataFrame, pretrained: pd.DataFrame, modes: Sequence[str]) -> Figure:
    """Normalized accuracy against the number of added task vectors: on the tasks of the subset, and on all tasks.

    A line per mode through the means over the subsets of each size; bars are their standard deviation, dots the
    subsets. subsets: rows (mode, subset, size, own, all) of one model; pretrained: (mode, all), drawn at no vector.
    """
    before = pretrained.groupby("mode")["all"].mean()
    with plt.rc_context(STYLE):
        figure, axes = plt.subplots(1, len(MEASURED), figsize=(PAGE, 2.9), sharey=True, layout="constrained")
        for axis, (column, on) in zip(axes, MEASURED.items(), strict=True):
            for place, mode in enumerate(modes):
                shift = (place - (len(modes) - 1) / 2) * _APART
                found = subsets[subsets["mode"] == mode][["size", column]].rename(columns={column: "value"})
                if column == "all":
                    found = pd.concat([pd.DataFrame({"size": [0], "value": [before[mode]]}), found])
                _curve(axis, found, shift, mode)
            axis.set(title=f"on {on}", xlabel="number of task vectors")
            axis.set_xticks(range(int(axis.get_xlim()[0] + 1), int(subsets["size"].max()) + 1))
        axes[0].set_ylabel("normalized accuracy (%)")
        legend_below(figure, *axes[0].get_legend_handles_labels())
    return figure


def _curve(axis, found: pd.DataFrame, shift: float, mode: str) -> None:
    values = (100 * found["value"]).groupby(found["size"])
    mean, spread = values.mean(), values.std(ddof=1).fillna(0)
    style = mode_style(mode)
    axis.plot(found["size"] + shift, 100 * found["value"], ".", color=style["color"], alpha=0.35, markersize=3, mew=0)
    axis.errorbar(
        mean.index + shift,
        mean,
        yerr=spread,
        label=title(mode),
        linewidth=1.1,
        markersize=3.5,
        capsize=0,
        elinewidth=0.7,
        **style,
    )


def pairs(matrices: Mapping[str, np.ndarray], tasks: Sequence[str]) -> Figure:
    """Heatmaps of the normalized accuracy of each pair of tasks, a panel per mode, one colour scale.

    matrices: mode -> Float64[T, T] as `lib.reporting.subsets.pair_matrix` gives it.
    """
    values = 100 * np.stack(list(matrices.values()))
    low, high = np.nanmin(values), np.nanmax(values)
    with plt.rc_context(STYLE):
        figure, axes = panels(len(matrices), height=2.9, in_a_row=2, width=PAGE, layout="compressed", sharey=True)
        for axis, (mode, matrix) in zip(axes, matrices.items(), strict=True):
            image = _triangle(axis, 100 * matrix, low, high)
            axis.set_title(title(mode))
            axis.set_xticks(range(len(tasks) - 1), tasks[:-1], rotation=90)
            axis.set_yticks(range(1, len(tasks)), tasks[1:])
        figure.colorbar(image, ax=axes, shrink=0.7, label="normalized accuracy of the pair (%)")
    return figure


def _triangle(axis, percent: np.ndarray, low: float, high: float):
    image = axis.imshow(percent, cmap="viridis", vmin=low, vmax=high, aspect="equal")
    for line, column in zip(*np.nonzero(np.isfinite(percent)), strict=True):
        dark = percent[line, column] < (low + high) / 2
        axis.text(
            column,
            line,
            f"{percent[line, column]:.0f}",
            ha="center",
            va="center",
            fontsize=7,
            color="white" if dark else "black",
        )
    axis.set(xlim=(-0.5, len(percent) - 1.5), ylim=(len(percent) - 0.5, 0.5))
    for side in axis.spines.values():
        side.set_visible(False)
    axis.tick_params(length=0)
    return image
