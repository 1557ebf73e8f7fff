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
from lib.reporting.labels import PRETRAINED, rule_title, title

_HEIGHTS = (1.9, 3.4)  # inches of a model's two panels
_LINE = 9.0  # points between two lines of text
_SHARE = 0.72  # of the lower panel's height that its axes have at least
_FURTHER = tuple(zip("PX<>phd8", ("#56B4E9", "#000000") * 4, strict=True))


def arena(frame: pd.DataFrame) -> Figure:
    """Two panels per model: test accuracy against the FLOPs of training over those of standard fine-tuning, a marker
    per mode; and below the same accuracies, a column per mode from the cheapest on, each named by its merging rule.

    frame: rows (model, mode, rule, cost, absolute) of several seeds, whose means are drawn; accuracies are fractions.
    """
    means = (
        frame.groupby(["model", "mode", "rule"], sort=False, dropna=False)[["cost", "absolute"]].mean().reset_index()
    )
    models = list(dict.fromkeys(means["model"]))
    edited = means[means["mode"] != PRETRAINED]
    styles = _styles(list(dict.fromkeys(edited["mode"])))
    with plt.rc_context(STYLE):
        ratios = list(chain.from_iterable(_HEIGHTS for _ in models))
        figure, axes = plt.subplots(
            len(ratios), 1, figsize=(PAGE, sum(ratios)), height_ratios=ratios, squeeze=False, layout="constrained"
        )
        for place, model in enumerate(models):
            above, below = axes[2 * place : 2 * place + 2, 0]
            rows, before = edited[edited["model"] == model], means[(means["model"] == model) & means["cost"].isna()]
            for axis in (above, below):
                axis.axhline(100 * before["absolute"].mean(), color="0.6", linewidth=0.8, linestyle=":")
                axis.set_ylabel("test accuracy (%)")
            _against_cost(above, rows, styles)
            above.set_title(model)
            _by_rule(below, rows, styles)
        legend_below(figure, *axes[0, 0].get_legend_handles_labels())
    return figure


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


def _by_rule(axis: Axes, rows: pd.DataFrame, styles) -> None:
    order = rows.groupby("mode", sort=False)["cost"].mean().sort_values(kind="stable")
    low, high = 100 * rows["absolute"].min(), 100 * rows["absolute"].max()
    inches = _SHARE * _HEIGHTS[1]
    most = rows.groupby("mode").size().max()
    middle, span = (low + high) / 2, max(high - low, 1.0)
    # room for the names of the fullest column, if its accuracies lie close together
    span = max(1.15 * span, span + most * _LINE / (72 * inches) * span)
    gap = _LINE / (72 * inches) * span
    for place, mode in enumerate(order.index):
        of_mode = rows[rows["mode"] == mode].sort_values("absolute", kind="stable")
        values = 100 * of_mode["absolute"].to_numpy()
        axis.plot(np.full(len(values), place), values, linestyle="none", markersize=4, **styles[mode])
        for value, name, y in zip(values, of_mode["rule"], apart(values, gap), strict=True):
            axis.plot([place + 0.07, place + 0.15], [value, y], color="0.7", linewidth=0.5)
            axis.text(place + 0.17, y, rule_title(name), fontsize=7, va="center")
    axis.set_ylim(middle - span / 2 - gap, middle + span / 2 + gap)
    axis.set_xlim(-0.3, len(order) - 1 + 0.95)
    names = [f"{title(mode)}, {cost:.2f}" for mode, cost in order.items()]
    axis.set_xticks(range(len(order)), names, rotation=30, ha="right", rotation_mode="anchor")
    axis.set_xlabel("mode, FLOPs of training")


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
