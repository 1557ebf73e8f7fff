"""Normalized accuracy against the number of added task vectors (Ilharco et al. 2023, Sec. 4): means and spread over the
subsets of each size, on the tasks of a subset and on all tasks; and over pairs.

All accuracies are test accuracies over those of the tasks' own models, 1 for an edited model as good as these.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import pandas as pd

from lib.editing.subsets import SEPARATOR
from lib.reporting.labels import KEYS, PRETRAINED

OWN, ALL = "own", "all"
MEASURED = {OWN: "the subset's own tasks", ALL: "all tasks"}


def of_subsets(per_task: pd.DataFrame) -> pd.DataFrame:
    """Rows (model, seed, mode, subset, size, own, all): of each subset the mean over its own tasks, and over all tasks.

    per_task: (model, seed, mode, subset, size, task, own, normalized).
    """
    keys = [*KEYS, "subset", "size"]
    everywhere = per_task.groupby(keys, sort=False)["normalized"].mean().rename(ALL)
    own = per_task[per_task[OWN]].groupby(keys, sort=False)["normalized"].mean().rename(OWN)
    return pd.concat([own, everywhere], axis=1).reset_index()


def by_size(subsets: pd.DataFrame, keys: Sequence[str] = KEYS) -> pd.DataFrame:
    """Rows (*keys, size, subsets, own, own_std, all, all_std): mean and standard deviation over subsets of each size.

    subsets: the rows of `of_subsets`. A size of one subset has no standard deviation.
    """
    groups = subsets.groupby([*keys, "size"], sort=False)
    found = groups.agg(
        subsets=("subset", "size"), own=(OWN, "mean"), own_std=(OWN, "std"), all=(ALL, "mean"), all_std=(ALL, "std")
    )
    return found.reset_index()


def over_seeds(subsets: pd.DataFrame) -> pd.DataFrame:
    """The rows of `of_subsets` as means over seeds, so that a spread is one over subsets alone."""
    keys = [*(key for key in KEYS if key != "seed"), "subset", "size"]
    return subsets.groupby(keys, sort=False)[[OWN, ALL]].mean().reset_index()


def pretrained(single_task: pd.DataFrame, tasks: Sequence[str]) -> pd.DataFrame:
    """Rows (model, seed, mode, all): the pre-trained model's test accuracy over that of the tasks' own models, a mean.

    With no task vector added it is the same model in all modes, held against the own models of each.

    single_task: (model, seed, mode, task, split, accuracy), the pre-trained model's among them.
    """
    test = single_task[(single_task["split"] == "test") & single_task["task"].isin(tasks)]
    before = test[test["mode"] == PRETRAINED].set_index(["model", "task"])["accuracy"]
    after = test[test["mode"] != PRETRAINED]
    ratios = after.assign(ratio=[before[row.model, row.task] / row.accuracy for row in after.itertuples()])
    return ratios.groupby(KEYS, sort=False)["ratio"].mean().rename(ALL).reset_index()


def pair_matrix(subsets: pd.DataFrame, tasks: Sequence[str]) -> np.ndarray:
    """Float64[T, T]: of each pair of tasks the mean over both, below the diagonal; NaN elsewhere.

    subsets: rows of `of_subsets` of one model and mode, a row per subset.
    """
    found = np.full((len(tasks), len(tasks)), np.nan)
    for row in subsets[subsets["size"] == 2].to_dict("records"):
        column, line = sorted(tasks.index(task) for task in row["subset"].split(SEPARATOR))
        found[line, column] = row[OWN]
    return found
