"""Heatmaps of the disentanglement error (Ortiz-Jimenez et al. 2023, Figs. 3, 9 and 10)."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import matplotlib.pyplot as plt
import numpy as np
from matplotlib.figure import Figure
from matplotlib.patches import Rectangle
from matplotlib.patheffects import withStroke
from matplotlib.ticker import MaxNLocator

from lib.reporting.figures.style import COLUMN, PAGE, STYLE
from lib.reporting.labels import title

_EDGED = [withStroke(linewidth=2.6, foreground="white")]  # red alone is hard to see on green for some


def disentanglement(
    grids: Mapping[tuple[str, str, str], tuple[np.ndarray, np.ndarray]],
    modes: Sequence[str],
    columns: Sequence[tuple[str, str]],
    search_space: tuple[float, float],
    *,
    label: str = r"disentanglement error $\xi$",
) -> Figure:
    """Heatmaps of xi: one row per mode, one column per (model, pair), one colour scale, which `label` names.

    The pairs of a model are Figs. 3 and 10 of Ortiz-Jimenez et al. 2023; a pair across models, which are then named
    above, is Fig. 9.

    grids: (mode, model, pair) -> (alphas Float[g], xi Float[g, g] with axes (a1, a2)); the red box is the search space
    of alpha.
    """
    with plt.rc_context(STYLE):
        width = COLUMN if len(columns) == 1 else PAGE
        size = (width, (width - 1.1) / len(columns) * len(modes) + 0.4)
        figure, axes = plt.subplots(
            len(modes), len(columns), figsize=size, squeeze=False, sharex=True, sharey=True, layout="compressed"
        )
        several = len({model for model, _ in columns}) > 1
        top = max(1e-3, *(float(xi.max()) for _, xi in grids.values()))
        for row, mode in enumerate(modes):
            for axis, (model, pair) in zip(axes[row], columns, strict=True):
                image = _heatmap(axis, *grids[mode, model, pair], top=top, search_space=search_space)
                task_a, task_b = pair.split("--")
                axis.set_xlabel(rf"$\alpha$ ({task_a})")
                axis.set_ylabel(rf"$\alpha$ ({task_b})")
                if several and row == 0:
                    axis.set_title(model)
            axes[row, 0].set_ylabel(f"{title(mode)}\n{axes[row, 0].get_ylabel()}")
        figure.colorbar(
            image,
            ax=axes,
            shrink=0.8 if len(modes) > 1 else 1.0,
            aspect=10 * len(modes) + 10,
            label=label,
        )
    return figure


def _heatmap(axis, alphas: np.ndarray, xi: np.ndarray, *, top: float, search_space: tuple[float, float]):
    half = (alphas[1] - alphas[0]) / 2
    edges = (alphas[0] - half, alphas[-1] + half)
    # axis 0 of xi is a1, drawn to the right, so that the image is xi's transpose
    image = axis.imshow(xi.T, origin="lower", extent=(*edges, *edges), vmin=0, vmax=top, cmap="viridis", aspect="equal")
    low, high = search_space
    axis.add_patch(
        Rectangle((low, low), high - low, high - low, fill=False, edgecolor="red", linewidth=1.4, path_effects=_EDGED)
    )
    axis.set(xlim=edges, ylim=edges)
    for side in (axis.xaxis, axis.yaxis):
        side.set_major_locator(MaxNLocator(4, steps=(1, 2, 5, 10)))
    for side in ("top", "right"):
        axis.spines[side].set_visible(True)
    return image
