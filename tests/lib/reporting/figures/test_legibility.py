"""Every kind of figure can be read at the width of a paper's column or page, with the papers' tasks and modes."""

import matplotlib.pyplot as plt
import numpy as np
import pandas as pd
import pytest

from lib.reporting.figures.alpha_sweeps import alpha_sweeps
from lib.reporting.figures.heatmaps import disentanglement
from lib.reporting.figures.loss_curves import loss_curves
from lib.reporting.figures.scatters import single_task_scatter
from lib.reporting.figures.similarity_maps import similarity_maps
from lib.reporting.figures.style import COLUMN, STYLE
from lib.reporting.figures.subsets import against_size, pairs
from tests.lib.reporting.figures.legibility import faults

TASKS = ["Vehicles", "Textures", "EuroSAT", "Signs", "Digits", "RESISC45", "Scenes", "StreetNumbers"]
MODES = ["standard", "posthoc", "linear", "linear-2"]
MODELS = ["ViT-B-32", "ViT-B-16", "ViT-L-14"]
PAIRS = ["EuroSAT--StreetNumbers", "Textures--Scenes", "Vehicles--RESISC45"]


def sweeps(modes, rules):
    alphas = np.round(np.linspace(0, 1, 5), 2)
    rows = [(mode, rule, a, task, 0.3 + a / 3) for mode in modes for rule in rules for a in alphas for task in TASKS]
    chosen = [(mode, rule, 0.5) for mode in modes for rule in rules]
    single = [(mode, task, 0.9) for mode in modes for task in TASKS]
    return alpha_sweeps(
        pd.DataFrame(rows, columns=["mode", "rule", "alpha", "task", "accuracy"]),
        pd.DataFrame(chosen, columns=["mode", "rule", "alpha"]),
        pd.DataFrame(single, columns=["mode", "task", "accuracy"]),
    )


def losses(modes, sign=1, decay=900):
    rows = [
        (mode, task, s, sign * 3.7 * np.exp(-s / decay)) for mode in modes for task in TASKS for s in (1, 1000, 2000)
    ]
    return loss_curves(pd.DataFrame(rows, columns=["mode", "task", "step", "loss"]), modes, TASKS, every=1)


def scatter(models):
    rows = [(model, mode, task, "test", 0.91) for model in models for mode in MODES for task in TASKS]
    frame = pd.DataFrame(rows, columns=["model", "mode", "task", "split", "accuracy"])
    return single_task_scatter(frame, "linear-2", tasks=TASKS)


def heatmaps(modes, columns):
    alphas = np.linspace(-3, 3, 4)
    grids = {(mode, *column): (alphas, np.full((4, 4), 1.8)) for mode in modes for column in columns}
    return disentanglement(grids, modes, columns, (0, 1))


def similarities(modes):
    cosines = np.where(np.eye(len(TASKS), dtype=bool), 1.0, -0.28)
    return similarity_maps({mode: (cosines, np.full(len(TASKS), 12.34)) for mode in modes}, TASKS)


def subsets_of_tasks(modes):
    rows = [
        (mode, f"{i}{j}", size, 0.9 - size / 40, 0.5 + size / 20)
        for mode in modes for size in range(1, 9) for i in range(3) for j in range(3)
    ]  # fmt: skip
    before = pd.DataFrame({"mode": modes, "all": 0.6})
    return against_size(pd.DataFrame(rows, columns=["mode", "subset", "size", "own", "all"]), before, modes)


def pairs_of_tasks(modes):
    below = np.where(np.tri(len(TASKS), k=-1, dtype=bool), 1.002, np.nan)
    return pairs(dict.fromkeys(modes, below), TASKS)


FIGURES = {
    "sweeps": lambda: sweeps(MODES, ["sum"]),
    "sweeps of one mode": lambda: sweeps(MODES[:1], ["sum"]),
    "sweeps of two rules": lambda: sweeps(MODES, ["sum", "mean"]),
    "losses": lambda: losses(MODES[:3]),
    "losses of four decades": lambda: losses(MODES[:3], decay=210),
    "losses of gradient ascent": lambda: losses([*MODES[:3], "gradient-ascent"], sign=-1),
    "scatter": lambda: scatter(MODELS[:1]),
    "scatter of three models": lambda: scatter(MODELS),
    "heatmaps": lambda: heatmaps(MODES, [("m", pair) for pair in PAIRS]),
    "heatmaps of one pair": lambda: heatmaps(MODES[:2], [("m", PAIRS[0])]),
    "similarities": lambda: similarities(MODES[1:]),
    "similarities of one mode": lambda: similarities(MODES[:1]),
    "subsets": lambda: subsets_of_tasks(MODES),
    "pairs": lambda: pairs_of_tasks(MODES),
    "pairs of one mode": lambda: pairs_of_tasks(MODES[:1]),
    "heatmaps of three models": lambda: heatmaps(MODES, [(model, PAIRS[0]) for model in MODELS]),
}


@pytest.mark.parametrize("name", FIGURES)
def test_a_figure_can_be_read_in_print(name):
    assert not faults(FIGURES[name]())
    plt.close("all")


@pytest.mark.parametrize(
    ("change", "fault"),
    [
        (lambda axes: axes.figure.set_size_inches(5, 3), "is 5.0 inches wide"),
        (lambda axes: axes.set_title("small", fontsize=6), "'small' is of 6.0 points"),
        (lambda axes: axes.figure.text(0.99, 0.5, "beyond the edge"), "'beyond the edge' leaves the figure"),
        (lambda axes: (axes.text(0.5, 0.5, "one"), axes.text(0.5, 0.5, "other")), "'one' lies over 'other'"),
        (lambda axes: axes.set_ylabel(""), "'' has no label on y"),
    ],
)
def test_a_fault_is_found(change, fault):
    with plt.rc_context(STYLE):
        figure, axes = plt.subplots(figsize=(COLUMN, 2), layout="constrained")
        axes.plot([0, 1], [0, 1])
        axes.set(xlabel="x", ylabel="y")
        assert not faults(figure)
        change(axes)
        assert faults(figure) == [fault]
    plt.close("all")
