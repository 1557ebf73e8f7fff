"""Kernel regression beside fine-tuning on the same few examples: means over splits, differences with intervals."""

from __future__ import annotations

import zlib
from collections.abc import Mapping, Sequence

import numpy as np
import pandas as pd

from lib.reporting.bootstrap import Bootstrap
from lib.reporting.estimates import Estimate
from lib.reporting.tables import PaperTable, percent

CAPTION = (
    "Kernel regression and fine-tuning on k examples of each class: test accuracy (%), mean ± standard deviation over "
    "splits"
)
ZERO_SHOT = "zero-shot"
TITLES = {
    ZERO_SHOT: "Zero-shot",
    "kernel-sgd": "K SGD",
    "kernel-signgd": "K SignGD",
    "kernel-a-signgd": "K A-SignGD",
    "closed-form": "Closed form",
    "tuning-sgd": "SGD fine-tuning",
    "tuning-adam": "Adam fine-tuning",
}
# the kernel of an optimizer's first steps -> fine-tuning by that optimizer
COUNTERPARTS = {"kernel-sgd": "tuning-sgd", "kernel-signgd": "tuning-adam", "kernel-a-signgd": "tuning-adam"}


def estimate(correct: np.ndarray, images: str, bootstrap: Bootstrap) -> Estimate:
    """The mean accuracy over splits, in [0, 1]. correct: Bool[s, n], of each split and test image.

    A resample draws images and splits anew; numbers over the same images and as many splits are paired.
    """
    of_splits = np.column_stack([correct.mean(1), bootstrap.means(correct, f"{images} few-shot")])
    splits = len(correct)
    rng = np.random.default_rng([bootstrap.seed, zlib.crc32(b"splits"), splits])
    drawn = rng.integers(0, splits, (splits, bootstrap.resamples))
    resampled = np.take_along_axis(of_splits[:, 1:], drawn, axis=0).mean(0)
    return Estimate(np.concatenate([[of_splits[:, 0].mean()], resampled]))


def summary(tested: pd.DataFrame, correct: Mapping[tuple[str, str], np.ndarray], bootstrap: Bootstrap) -> pd.DataFrame:
    """Rows (model, task, shots, method, splits, accuracy, std, low, high, n): means over splits with 95 % intervals.

    tested: (model, task, split, shots, method, accuracy, n); correct: (model, task) -> Bool[rows, n], of its rows in
    order.
    """
    found = []
    for (model, task), of_task in tested.groupby(["model", "task"], sort=False):
        right = correct[model, task]
        places = of_task.assign(place=np.arange(len(of_task)))
        for (shots, method), rows in places.groupby(["shots", "method"], sort=False):
            mean = estimate(right[rows["place"]], task, bootstrap)
            low, high = mean.interval
            found.append(
                {"model": model, "task": task, "shots": shots, "method": method, "splits": len(rows)}
                | {"accuracy": mean.value, "std": rows["accuracy"].std(ddof=1), "low": low, "high": high}
                | {"n": rows["n"].iloc[0]}
            )
    return pd.DataFrame(found)


def table(frame: pd.DataFrame, tested: pd.DataFrame, tasks: Sequence[str]) -> PaperTable:
    """A row per number of shots and method, a column per model and task. frame: of `summary`; tested: its rows."""
    models = list(dict.fromkeys(frame["model"]))
    lines = list(dict.fromkeys(frame.sort_values("shots", kind="stable")[["shots", "method"]].itertuples(index=False)))
    cells = [
        [percent(_of(tested, model, task, *line)["accuracy"]) for model in models for task in tasks] for line in lines
    ]
    heads = [(model, task) for model in models for task in tasks]
    return PaperTable(CAPTION, heads, [_name(*line) for line in lines], cells)


def notes(frame: pd.DataFrame, tested: pd.DataFrame, resamples: int) -> list[str]:
    """What the intervals are, and by which solver the linear systems were solved."""
    reach = max((frame["accuracy"] - frame["low"]).max(), (frame["high"] - frame["accuracy"]).max())
    solved = tested["solver"].fillna("")
    fallback = solved.str.contains("lstsq").sum()
    return [
        f"95 % intervals reach at most {100 * reach:.1f} points from a mean; each is in kernel_regression.csv. They "
        f"come from a bootstrap over test examples and splits ({resamples:,} resamples).",
        f"Of {int((solved != '').sum())} regressions, {int(fallback)} had a kernel too ill-conditioned for a direct "
        "solver, and were solved by least squares of smallest norm.",
    ]


def _of(tested: pd.DataFrame, model: str, task: str, shots: int, method: str) -> pd.DataFrame:
    keys = {"model": model, "task": task, "shots": shots, "method": method}
    return tested[np.logical_and.reduce([tested[name] == value for name, value in keys.items()])]


def _name(shots: int, method: str) -> str:
    return TITLES[method] if method == ZERO_SHOT else f"{shots}-shot, {TITLES[method]}"
