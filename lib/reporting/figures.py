"""The papers' figures: heatmaps of the disentanglement error, scatters, alpha sweeps, loss curves."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path

import matplotlib

matplotlib.use("Agg")

import matplotlib.pyplot as plt
import numpy as np
import pandas as pd
from matplotlib.figure import Figure
from matplotlib.patches import Rectangle

from lib.files import atomic
from lib.training.modes import TITLES

STYLE = {
    "font.size": 9,
    "axes.titlesize": 9,
    "axes.spines.top": False,
    "axes.spines.right": False,
    "legend.frameon": False,
    "pdf.fonttype": 42,
    "svg.hashsalt": "task-arithmetic",
}
_MARKERS = "os^DvP*X"


def save(figure: Figure, stem: Path) -> None:
    """Write `stem`.pdf and `stem`.png (200 dots an inch), each whole or not at all, without time stamps; close the
    figure.
    """
    for suffix, metadata in ((".pdf", {"CreationDate": None}), (".png", {"Software": None})):
        with atomic.whole(stem.with_suffix(suffix)) as temporary:
            figure.savefig(temporary, dpi=200, bbox_inches="tight", metadata=metadata)
    plt.close(figure)


def disentanglement(
    grids: Mapping[tuple[str, str, str], tuple[np.ndarray, np.ndarray]],
    modes: Sequence[str],
    columns: Sequence[tuple[str, str]],
    search_space: tuple[float, float],
) -> Figure:
    """Heatmaps of xi: a row a mode, a column a (model, pair), one colour scale. The pairs of a model are Figs. 3 and 10
    of Ortiz-Jimenez et al. 2023; a pair across models, which are then named above, is Fig. 9.

    grids: (mode, model, pair) -> (alphas Float[g], xi Float[g, g] with axes (a1, a2)); the red box is the search space
    of alpha.
    """
    with plt.rc_context(STYLE):
        size = (2.3 * len(columns) + 0.9, 2.3 * len(modes) + 0.2)
        figure, axes = plt.subplots(
            len(modes), len(columns), figsize=size, squeeze=False, sharex=True, sharey=True, layout="constrained"
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
            axes[row, 0].annotate(
                TITLES[mode], (-0.38, 0.5), xycoords="axes fraction", rotation=90, va="center", weight="bold"
            )
        figure.colorbar(image, ax=axes, shrink=0.8 if len(modes) > 1 else 1.0, label=r"disentanglement error $\xi$")
    return figure


def single_task_scatter(frame: pd.DataFrame, other: str, *, tasks: Sequence[str]) -> Figure:
    """Test accuracy of non-linear fine-tuning against that of `other`, a point a task, a marker a model (Figs. 2 and
    5).
    """
    with plt.rc_context(STYLE):
        figure, axes = plt.subplots(figsize=(3.6, 3.4), layout="constrained")
        test = frame[(frame["split"] == "test") & frame["task"].isin(tasks)]
        colours = dict(zip(tasks, plt.get_cmap("tab10").colors * 4, strict=False))
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
        axes.set_xlabel(f"{TITLES['standard']}, test accuracy (%)")
        axes.set_ylabel(f"{TITLES[other]}, test accuracy (%)")
        axes.legend(loc="center left", bbox_to_anchor=(1.02, 0.5), fontsize=8, handletextpad=0.2)
    return figure


def alpha_sweeps(sweeps: Mapping[str, pd.DataFrame], choices: Mapping[str, float], single: pd.DataFrame) -> Figure:
    """Validation accuracy under addition against alpha: a panel a mode, a line a task, and their mean; the choice is
    dashed.

    sweeps: mode -> (alpha, task, accuracy); single: (mode, task, accuracy) on validation, drawn at the right edge.
    """
    with plt.rc_context(STYLE):
        figure, axes = plt.subplots(
            1, len(sweeps), figsize=(2.5 * len(sweeps) + 1.2, 2.6), squeeze=False, sharey=True, layout="constrained"
        )
        for axis, (mode, sweep) in zip(axes[0], sweeps.items(), strict=True):
            wide = 100 * sweep.pivot_table(index="alpha", columns="task", values="accuracy", sort=False)
            for task, colour in zip(wide, plt.get_cmap("tab10").colors * 4, strict=False):
                axis.plot(wide.index, wide[task], color=colour, linewidth=0.9, label=task)
                own = single[(single["mode"] == mode) & (single["task"] == task)]["accuracy"].mean()
                axis.plot(1.04 * wide.index.max(), 100 * own, "<", color=colour, markersize=4, clip_on=False)
            axis.plot(wide.index, wide.mean(axis=1), color="black", linewidth=1.8, label="mean")
            axis.axvline(choices[mode], color="grey", linestyle="--", linewidth=0.8)
            axis.set_title(TITLES[mode])
            axis.set_xlabel(r"$\alpha$")
        axes[0, 0].set_ylabel("validation accuracy (%)")
        axes[0, -1].legend(loc="center left", bbox_to_anchor=(1.08, 0.5), fontsize=7)
    return figure


def loss_curves(logs: Mapping[tuple[str, str], pd.DataFrame]) -> Figure:
    """Training loss against steps: a panel a mode, a line a task. logs: (mode, task) -> (step, loss)."""
    modes, tasks = (list(dict.fromkeys(key[i] for key in logs)) for i in (0, 1))
    with plt.rc_context(STYLE):
        figure, axes = plt.subplots(
            1, len(modes), figsize=(2.6 * len(modes) + 1.2, 2.6), squeeze=False, sharey=True, layout="constrained"
        )
        for axis, mode in zip(axes[0], modes, strict=True):
            for task, colour in zip(tasks, plt.get_cmap("tab10").colors * 4, strict=False):
                axis.plot(logs[mode, task]["step"], logs[mode, task]["loss"], color=colour, linewidth=1, label=task)
            axis.set(yscale="log", xlabel="step", title=TITLES[mode])
        axes[0, 0].set_ylabel("training loss")
        axes[0, -1].legend(loc="center left", bbox_to_anchor=(1.02, 0.5), fontsize=7)
    return figure


def _heatmap(axis, alphas: np.ndarray, xi: np.ndarray, *, top: float, search_space: tuple[float, float]):
    half = (alphas[1] - alphas[0]) / 2
    edges = (alphas[0] - half, alphas[-1] + half)
    # axis 0 of xi is a1, drawn to the right, so that the image is xi's transpose
    image = axis.imshow(xi.T, origin="lower", extent=(*edges, *edges), vmin=0, vmax=top, cmap="viridis", aspect="equal")
    low, high = search_space
    axis.add_patch(Rectangle((low, low), high - low, high - low, fill=False, edgecolor="red", linewidth=1.4))
    axis.set(xlim=edges, ylim=edges)
    for side in ("top", "right"):
        axis.spines[side].set_visible(True)
    return image
