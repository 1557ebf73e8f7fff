"""Where task vectors lie to each other: the images behind the disentanglement errors, cosines and norms."""

from __future__ import annotations

import math
from collections.abc import Iterator

import numpy as np

from lib.files import checkpoints, outcomes
from lib.files.own_files import read_npz
from workflow_scripts.audit.run import Fault, Run
from workflow_scripts.reporting import frames
from workflow_scripts.reporting import similarities as similarity_files


def outcomes_of_images(run: Run) -> Iterator[Fault]:
    """Every heatmap's grid holds the means of its outcomes per image, on as many images as the configuration draws."""
    for where in run.bench.evaluated("disentanglement"):
        for pair in run.bench.pairs:
            grid = run.format(run.files.disentanglement, **where, pair=pair)
            place = run.format(run.files.outcomes, **where, pair=pair)
            found, arrays = outcomes.read(run.path(place)), read_npz(run.path(grid), tuple(frames.GREATEST))
            told = {"model": found.model, "seed": found.seed, "mode": found.mode, "pair": "--".join(found.pair)}
            if told != {**where, "pair": pair}:
                yield Fault(place, f"says that it is of {told}")
            for half, task, differs, distance in zip(
                "ab", pair.split("--"), found.differs, found.distance, strict=True
            ):
                drawn = min(run.bench.disentanglement["images"], run.n(task, "test"))
                if differs.shape[-1] != drawn:
                    yield Fault(place, f"is of {differs.shape[-1]} images of {task}, the configuration draws {drawn}")
                for kind, values in (("error", differs), ("representation", distance)):
                    means = values.mean(-1, dtype=np.float64)
                    if not np.allclose(arrays[f"{kind}_{half}"], means, rtol=1e-9, atol=1e-12):
                        yield Fault(place, f"its means over images are not the {kind}_{half} of {grid}")


def similarities(run: Run) -> Iterator[Fault]:
    """Cosines are of every two tasks, symmetric and one of a task with itself; norms are those of the task vectors."""
    tasks = run.bench.task_names
    for where in run.bench.compared():
        place, beside = (run.format(pattern, **where) for pattern in (run.files.similarity, run.files.norms))
        rows = similarity_files.read([str(run.path(place))], [str(run.path(beside))], tasks)
        for name, value in where.items():
            if set(rows[name]) != {value}:
                yield Fault(place, f"the column {name} is not {value} throughout")
        table = rows.pivot(index="task_a", columns="task_b", values="cosine").loc[tasks, tasks].to_numpy()
        if not ((table == table.T).all() and (np.diag(table) == 1).all() and (np.abs(table) <= 1).all()):
            yield Fault(place, "its cosines are not symmetric, in [-1, 1], and 1 of a task with itself")
        for task, norm in rows.groupby("task_a")["norm_a"].first().items():
            told = checkpoints.metadata(run.path(run.format(run.files.tau, **where, task=task))).get("norm", "nan")
            if not math.isclose(norm, float(told), rel_tol=1e-9):
                yield Fault(beside, f"the norm of {task} is {norm}, its task vector's is {told}")
