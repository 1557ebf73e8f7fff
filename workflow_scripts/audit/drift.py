"""Drifts of task vectors, against the images behind them and the task vectors."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import product

import numpy as np

from lib.files import squared_lengths
from workflow_scripts.audit.numbers import identity, rows_expected
from workflow_scripts.audit.run import Fault, Run
from workflow_scripts.configuration import drift


def pairs(run: Run) -> Iterator[Fault]:
    """A row per pair of tasks, on the images that the configuration draws: their mean, a prediction that can be, and
    the norm of the task vector.
    """
    tasks = run.bench.task_names
    for where in drift.measured(run.bench):
        folder = run.format(run.files.drift, **where)
        place, stored = f"{folder}/pairs.csv", f"{folder}/images.npz"
        frame, found = run.frame(place), squared_lengths.read(run.path(stored))
        yield from rows_expected(place, frame, ["vector", "task"], list(product(tasks, tasks)))
        yield from identity(place, frame, where)
        if {"model": found.model, "seed": found.seed, "mode": found.mode} != where or found.tasks != tasks:
            yield Fault(stored, f"says that it is of {found.model}, seed {found.seed}, {found.mode}, {found.tasks}")
            continue
        for row in frame.to_dict("records"):
            yield from _row(run, place, row, found.of[row["task"]][tasks.index(row["vector"])])
        for vector, norm in frame.groupby("vector")["norm"].first().items():
            moved = run.norm(run.format(run.files.tau, **where, task=vector))
            if not np.isclose(norm, moved, rtol=1e-5):
                yield Fault(place, f"{vector}: norm is {norm}, the task vector's is {moved}")


def _row(run: Run, place: str, row: dict[str, object], lengths: np.ndarray) -> Iterator[Fault]:
    told = f"{row['vector']} on {row['task']}"
    drawn = min(run.bench.kernels.drift["points"], run.n(row["task"], "val"))
    if not row["n"] == len(lengths) == drawn:
        yield Fault(place, f"{told}: n is {row['n']}, of {len(lengths)} images; the configuration draws {drawn}")
    if not np.isclose(row["exact"], lengths.mean(dtype=np.float64), rtol=1e-9):
        yield Fault(place, f"{told}: exact is {row['exact']}, its images give {lengths.mean(dtype=np.float64)}")
    if not row["predicted"] >= 0:
        yield Fault(place, f"{told}: predicted is {row['predicted']}, which no quadratic form of a curvature gives")
