"""Cosines between task vectors as heatmaps, with their norms beside (Ilharco et al. 2023, Sec. 6)."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import matplotlib.pyplot as plt
import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from lib.reporting.figures.style import PAGE, STYLE, panels
from lib.reporting.labels import title

_PRINTED = 12  # tasks whose cosines fit into the cells as text


def similarity_maps(found: Mapping[str, tuple[np.ndarray, np.ndarray]], tasks: Sequence[str]) -> Figure:
    """A heatmap per mode, two in a row: cosines off the diagonal on one scale about zero, and the vectors' norms.

    found: mode -> (cosines Float[T, T], norms Float[T]), in the order of the tasks.
    """
    beside = ~np.eye(len(tasks), dtype=bool)
    limit = max(0.01, *(np.abs(cosines[beside]).max(initial=0) for cosines, _ in found.values()))
    longest = max(norms.max() for _, norms in found.values())
    with plt.rc_context(STYLE):
        figure, axes = panels(len(found), height=2.6, in_a_row=2, width=PAGE, layout="compressed")
        for axis, (mode, (cosines, norms)) in zip(axes, found.items(), strict=True):
            image = _cosines(axis, cosines, tasks, limit=limit)
            axis.set_title(title(mode))
            _norms(axis.inset_axes((1.04, 0, 0.3, 1)), norms, longest=longest)
            if axis.get_subplotspec().colspan.start:  # the tasks stand at the left of the row
                axis.set_yticklabels([])
        figure.colorbar(image, ax=axes, shrink=0.8, label="cosine of task vectors")
    return figure


def _cosines(axis: Axes, cosines: np.ndarray, tasks: Sequence[str], *, limit: float):
    shown = np.ma.array(cosines, mask=np.eye(len(tasks), dtype=bool))
    axis.set_facecolor("0.85")  # of the diagonal, where every cosine is 1
    image = axis.imshow(shown, vmin=-limit, vmax=limit, cmap="RdBu_r")
    axis.set_xticks(range(len(tasks)), tasks, rotation=45, ha="right", rotation_mode="anchor")
    axis.set_yticks(range(len(tasks)), tasks)
    axis.tick_params(length=0)
    if len(tasks) <= _PRINTED:
        for (row, column), value in np.ndenumerate(shown):
            if row != column:
                colour = "white" if abs(value) > 0.6 * limit else "black"
                axis.text(column, row, _short(value), ha="center", va="center", fontsize=7, color=colour)
    return image


def _norms(axis: Axes, norms: np.ndarray, *, longest: float) -> None:
    bars = axis.barh(range(len(norms)), norms, color="0.8", height=0.8)
    axis.bar_label(bars, [f"{norm:#.3g}" for norm in norms], label_type="center", fontsize=7)
    axis.set(xlim=(0, 1.05 * longest), ylim=(len(norms) - 0.5, -0.5), xticks=[], yticks=[])
    axis.set_xlabel("norm")
    axis.spines["bottom"].set_visible(False)


def _short(cosine: float) -> str:
    """Two decimals without the zero before the point, which every cosine off the diagonal has."""
    return f"{cosine:z.2f}".replace("0.", ".", 1)
