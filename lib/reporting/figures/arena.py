"""The arena as a figure: accuracy against the cost of training, and every merging rule by name."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import chain

import matplotlib.pyplot as plt
import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from lib.reporting.figures.style import PAGE, STYLE, legend_below, mode_style
from lib.reporting.labels import PRETRAINED, title

_HEIGHTS = (1.9, 2.9)  # inches of a panel above and of one below
_LINE = 9.5  # points between two lines of text
_WIDTH, _CHARACTER, _BESIDE = 5.9, 0.056, 0.24  # inches: of a panel below, of a character, of marker and line
_FURTHER = tuple(zip("PX<>phd8", ("#56B4E9", "#000000") * 4, strict=True))


def arena(frame: pd.DataFrame) -> Figure:
    """For each model, test accuracy against FLOPs of training over those of standard fine-tuning, a marker per mode;
    and below the same accuracies, a column per mode from the cheapest on, each named by its merging rule.

    frame: rows (model, mode, rule, cost, absolute) of several seeds, whose means are drawn; accuracies are fractions.
    """
    keys = ["model", "mode", "rule"]
    means = frame.groupby(keys, sort=False, dropna=False)[["cost", "absolute"]].mean().reset_index()
    models, edited = list(dict.fromkeys(means["model"])), means[means["mode"] != PRETRAINED]
    styles = _styles(list(dict.fromkeys(edited["mode"])))
    columns = {model: _columns(edited[edited["model"] == model]) for model in models}
    heights = [height for parts in columns.values() for height in (_HEIGHTS[0], *(_HEIGHTS[1] for _ in parts))]
    with plt.rc_context(STYLE):
        size = (PAGE, sum(heights))
        figure, axes = plt.subplots(
            len(heights), 1, figsize=size, height_ratios=heights, squeeze=False, layout="constrained"
        )
        rest = iter(axes[:, 0])
        for model, parts in columns.items():
            rows, before = edited[edited["model"] == model], means[(means["model"] == model) & means["cost"].isna()]
            above, below = next(rest), [next(rest) for _ in parts]
            for axis in (above, *below):
                axis.axhline(100 * before["absolute"].mean(), color="0.6", linewidth=0.8, linestyle=":")
                axis.set_ylabel("test accuracy (%)")
            _against_cost(above, rows, styles)
            above.set_title(model)
            for axis, part in zip(below, parts, strict=True):
                _by_mode(axis, rows, part, styles, width=max(map(len, parts)))
        legend_below(figure, *axes[0, 0].get_legend_handles_labels())
        figure.draw_without_rendering()  # the heights of the panels are known from here on
        rest = iter(axes[:, 0])
        for model, parts in columns.items():
            next(rest)
            for part in parts:
                _named(next(rest), edited[edited["model"] == model], part)
    return figure


def _columns(rows: pd.DataFrame) -> list[pd.Series]:
    """Mode -> cost, cheapest first, in as many panels as the names of the rules need."""
    costs = rows.groupby("mode", sort=False)["cost"].mean().sort_values(kind="stable")
    fitting = max(1, int(_WIDTH / (_BESIDE + _CHARACTER * rows["rule"].str.len().max())))
    panels = -(-len(costs) // fitting)
    each = -(-len(costs) // panels)
    return [costs.iloc[start : start + each] for start in range(0, len(costs), each)]


def _styles(modes: Sequence[str]) -> dict[str, dict[str, str]]:
    """Mode -> colour and marker, no two alike."""
    found: dict[str, dict[str, str]] = {}
    for mode in modes:
        further = ({"color": colour, "marker": marker} for marker, colour in _FURTHER)
        candidates = chain([mode_style(mode)], further)
        found[mode] = next((one for one in candidates if one not in found.values()), mode_style(mode))
    return found


def _against_cost(axis: Axes, rows: pd.DataFrame, styles) -> None:
    for mode, of_mode in rows.groupby("mode", sort=False):
        axis.plot(
            of_mode["cost"],
            100 * of_mode["absolute"],
            linestyle="none",
            markersize=4,
            alpha=0.8,
            label=title(mode),
            **styles[mode],
        )
    axis.margins(x=0.08)
    axis.set_xlabel("FLOPs of training, over those of standard fine-tuning; dotted: zero-shot")


def _by_mode(axis: Axes, rows: pd.DataFrame, costs: pd.Series, styles, *, width: int) -> None:
    """The markers of some modes, a column each, and as wide as `width` columns."""
    for place, mode in enumerate(costs.index):
        values = 100 * rows[rows["mode"] == mode]["absolute"]
        axis.plot(np.full(len(values), place), values, linestyle="none", markersize=4, **styles[mode])
    axis.set_xlim(-0.2, width - 0.1)
    axis.set_xticks(range(len(costs)), [f"{title(mode)}\n{cost:.2f}" for mode, cost in costs.items()])
    axis.set_xlabel("mode, with its FLOPs of training")


def _named(axis: Axes, rows: pd.DataFrame, costs: pd.Series) -> None:
    """The names of the rules beside their markers, no two over each other; the axis makes room for them."""
    low, high = 100 * rows["absolute"].min(), 100 * rows["absolute"].max()
    lines = axis.get_window_extent().height / axis.figure.dpi * 72 / _LINE  # that the panel has room for
    most = rows.groupby("mode").size().max()
    # of `span`, a part shows the accuracies and the rest has room for the fullest column beyond either end
    span = max(high - low, 1.0) / max(1 - most / lines, 0.3)
    gap = span / lines
    for place, mode in enumerate(costs.index):
        of_mode = rows[rows["mode"] == mode].sort_values("absolute", kind="stable")
        values = 100 * of_mode["absolute"].to_numpy()
        for value, name, y in zip(values, of_mode["rule"], apart(values, gap), strict=True):
            axis.plot([place + 0.06, place + 0.13], [value, y], color="0.7", linewidth=0.5)
            axis.text(place + 0.15, y, name, fontsize=7, va="center").set_in_layout(False)
    axis.set_ylim((low + high - span) / 2, (low + high + span) / 2)


def apart(values: np.ndarray, gap: float) -> np.ndarray:
    """Ascending numbers moved by the least squares that leave at least `gap` between neighbours, in the same order.

    With u_i = v_i - i gap this is isotonic regression of u, which the pooling of adjacent violators solves.
    """
    blocks: list[tuple[float, int]] = []
    for place, value in enumerate(values):
        mean, size = float(value) - place * gap, 1
        while blocks and blocks[-1][0] > mean:
            before, count = blocks.pop()
            mean, size = (before * count + mean * size) / (count + size), count + size
        blocks.append((mean, size))
    pooled = [mean for mean, size in blocks for _ in range(size)]
    return np.array([mean + place * gap for place, mean in enumerate(pooled)])
