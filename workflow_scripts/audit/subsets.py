"""Addition with subsets of the task vectors: every row, every choice and every ratio, from what it rests on."""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping

import pandas as pd

from lib.editing import subsets
from workflow_scripts.audit.numbers import identity, rows_expected, sizes
from workflow_scripts.audit.run import Fault, Run
from workflow_scripts.configuration import resolution


def rows(run: Run) -> Iterator[Fault]:
    """A row for each subset, alpha and own task, and one for each subset and task on test, counted on their images."""
    tasks = run.bench.task_names
    for where, folder, alphas, listed in subset_runs(run):
        names = {subsets.joined(subset): subset for subset in listed}
        swept = [(name, alpha, task) for name, subset in names.items() for alpha in alphas for task in subset]
        for file, split, keys, expected in (
            ("sweep_val.csv", "val", ["subset", "alpha", "task"], swept),
            ("subsets.csv", "test", ["subset", "task"], [(name, task) for name in names for task in tasks]),
        ):
            place, frame = f"{folder}/{file}", run.frame(f"{folder}/{file}")
            yield from rows_expected(place, frame, keys, expected)
            yield from sizes(run, place, frame, split)
            yield from identity(place, frame, where)
            yield from _counts(place, frame)


def _counts(place: str, frame: pd.DataFrame) -> Iterator[Fault]:
    """Accuracies are numbers of images over n; of sweeps no predictions are stored."""
    correct = frame["accuracy"] * frame["n"]
    for row, count in zip(frame.to_dict("records"), correct, strict=True):
        if not (0 <= row["accuracy"] <= 1 and abs(count - round(count)) < 1e-6):
            cell = f"{row['subset']}, {row['task']}"
            yield Fault(place, f"{cell}: accuracy {row['accuracy']} is no share of {row['n']} images")


def choices(run: Run) -> Iterator[Fault]:
    """Every subset has the alpha that its sweep chooses, its size, its own tasks, and normalized accuracies."""
    for where, folder, alphas, listed in subset_runs(run):
        place, single = f"{folder}/subsets.csv", run.frame(run.format(run.files.single_task, **where))
        own = {split: part.set_index("task")["accuracy"].to_dict() for split, part in single.groupby("split")}
        sweeps = dict(iter(run.frame(f"{folder}/sweep_val.csv").groupby("subset")))
        tested = dict(iter(run.frame(place).groupby("subset")))
        for subset in listed:
            name = subsets.joined(subset)
            yield from _subset(
                place, subset, tested[name], _chosen(sweeps[name], subset, alphas, own["val"]), own["test"]
            )


def _chosen(sweep: pd.DataFrame, subset: subsets.Subset, alphas: list[float], single: Mapping[str, float]) -> float:
    wide = sweep.pivot(index="alpha", columns="task", values="accuracy").loc[alphas]
    accuracies = {task: wide[task].tolist() for task in subset}
    return subsets.choose(alphas, accuracies, {task: single[task] for task in subset}).alpha


def _subset(
    place: str, subset: subsets.Subset, rows: pd.DataFrame, alpha: float, single: Mapping[str, float]
) -> Iterator[Fault]:
    name = subsets.joined(subset)
    for row in rows.to_dict("records"):
        if row["alpha"] != alpha:
            yield Fault(place, f"{name}: alpha is {row['alpha']}, the sweep gives {alpha}")
        if (row["size"], row["own"]) != (len(subset), row["task"] in subset):
            yield Fault(place, f"{name}, {row['task']}: size or own is not that of the subset")
        if not math.isclose(row["normalized"], row["accuracy"] / single[row["task"]], abs_tol=1e-12):
            yield Fault(
                place, f"{name}, {row['task']}: normalized is {row['normalized']}, expected accuracy / single-task"
            )


def subset_runs(run: Run) -> Iterator[tuple[dict[str, object], str, list[float], list[subsets.Subset]]]:
    """Whose subsets, their folder, their alphas, the subsets."""
    for where in run.bench.subset_runs:
        settings = resolution.subsets(run.bench, where["mode"])
        listed = subsets.listed(run.bench.task_names, settings["sample"])
        yield where, run.format(run.files.subsets, **where), settings["alphas"], listed
