"""The arena as a figure: accuracy against the cost of training, and by merging rule, with a marker for each mode."""

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

_ABOVE, _AROUND, _ROW = 1.9, 0.6, 0.19  # inches: of a panel above, of a panel below beside its rows, of a row
_FURTHER = tuple(zip("PX<>phd8", ("#56B4E9", "#000000") * 4, strict=True))


def arena(frame: pd.DataFrame) -> Figure:
    """For each model, test accuracy against FLOPs of training over those of standard fine-tuning, and below by merging
    rule, a row each, the best on top; a marker per mode in both.

    frame: rows (model, mode, rule, cost, absolute) of several seeds, whose means are drawn; accuracies are fractions.
    """
    keys = ["model", "mode", "rule"]
    means = frame.groupby(keys, sort=False, dropna=False)[["cost", "absolute"]].mean().reset_index()
    models, edited = list(dict.fromkeys(means["model"])), means[means["mode"] != PRETRAINED]
    styles = _styles(list(dict.fromkeys(edited["mode"])))
    heights = [height for model in models for height in (_ABOVE, _height(edited[edited["model"] == model]))]
    with plt.rc_context(STYLE):
        size = (PAGE, sum(heights))
        figure, axes = plt.subplots(
            len(heights), 1, figsize=size, height_ratios=heights, squeeze=False, layout="constrained"
        )
        for model, above, below in zip(models, axes[::2, 0], axes[1::2, 0], strict=True):
            rows, before = edited[edited["model"] == model], means[(means["model"] == model) & means["cost"].isna()]
            _against_cost(above, rows, styles)
            _by_rule(below, rows, styles)
            zero_shot = {"color": "0.6", "linewidth": 0.8, "linestyle": ":"}
            above.axhline(100 * before["absolute"].mean(), **zero_shot)
            below.axvline(100 * before["absolute"].mean(), **zero_shot)
            above.set_title(model)
        legend_below(figure, *axes[0, 0].get_legend_handles_labels())
    return figure


def _height(rows: pd.DataFrame) -> float:
    return _AROUND + _ROW * rows["rule"].nunique()


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
        _markers(axis, of_mode["cost"], 100 * of_mode["absolute"], styles[mode], label=title(mode))
    axis.margins(x=0.08)
    axis.set_xlabel("FLOPs of training, over those of standard fine-tuning; dotted: zero-shot")
    axis.set_ylabel("test accuracy (%)")


def _by_rule(axis: Axes, rows: pd.DataFrame, styles) -> None:
    """The rules by their mean over modes, the greatest on top."""
    rules = list(rows.groupby("rule", sort=False)["absolute"].mean().sort_values(kind="stable").index)
    places = {rule: place for place, rule in enumerate(rules)}
    for mode, of_mode in rows.groupby("mode", sort=False):
        _markers(axis, 100 * of_mode["absolute"], of_mode["rule"].map(places), styles[mode])
    axis.set_yticks(np.arange(len(rules)), [rule_title(rule) for rule in rules])
    axis.tick_params(axis="y", length=0)
    axis.grid(axis="y", color="0.9", linewidth=0.6)
    axis.set_axisbelow(True)
    axis.set_ylim(-0.6, len(rules) - 0.4)
    axis.set_xlabel("test accuracy (%)")


def _markers(axis: Axes, x: pd.Series, y: pd.Series, style, **more: str) -> None:
    axis.plot(x, y, linestyle="none", markersize=4, alpha=0.8, **style, **more)
