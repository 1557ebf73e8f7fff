"""Accuracies from predictions: every one counted again, with the labels of the prepared splits."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cache

import numpy as np
import pandas as pd

from lib.editing.coefficients import alpha_grid
from lib.editing.subsets import Subset, joined
from lib.files import predictions
from workflow_scripts.audit.numbers import edits
from workflow_scripts.audit.run import Fault, Run
from workflow_scripts.audit.subsets import subset_runs

EDGE = (2, 0.01)  # images that rounding may predict otherwise: so many, or that share of the split


@dataclass(frozen=True)
class Claim:
    """An accuracy that a file of results tells. row: that of the task's and split's predictions, -1 for the last."""

    place: str
    cell: str
    task: str
    split: str
    row: int
    accuracy: float


@dataclass(frozen=True)
class Stored:
    """A file of predictions. rows: (task, split) -> number of models; claims: what is counted from it."""

    place: str
    identity: Mapping[str, object]
    rows: Mapping[tuple[str, str], int]
    claims: Sequence[Claim]


def accuracies(run: Run) -> Iterator[Fault]:
    """Every accuracy is the share of images whose label was predicted; predictions say whose they are."""

    @cache
    def labels(task: str, split: str) -> np.ndarray:
        return run.index(task, split)["label"]

    for stored in _stored(run):
        told = predictions.read_identity(run.path(stored.place))
        if told != stored.identity:
            yield Fault(stored.place, f"says that it is of {told}, expected {stored.identity}")
        found = predictions.read(run.path(stored.place))
        shapes = {key: values.shape for key, values in found.items()}
        expected = {(task, split): (k, len(labels(task, split))) for (task, split), k in stored.rows.items()}
        if shapes != expected:
            yield Fault(stored.place, f"has models and images {shapes}, expected {expected}")
            continue
        correct = {key: (values == labels(*key)).mean(1) for key, values in found.items()}
        for claim in stored.claims:
            counted = correct[claim.task, claim.split][claim.row]
            if not abs(claim.accuracy - counted) < 1e-9:
                yield Fault(claim.place, f"{claim.cell} is {claim.accuracy}, {stored.place} gives {counted}")


def sweeps_begin_at_the_pretrained_model(run: Run) -> Iterator[Fault]:
    """At alpha 0 every sweep predicts what the pre-trained model does, but for a few images on an edge."""

    @cache
    def of_model(model: str) -> dict[tuple[str, str], np.ndarray]:
        return predictions.read(run.path(run.format(run.files.pretrained_predictions, model=model)))

    for where, folder, alphas, tasks in edits(run):
        place, pretrained = f"{folder}/predictions.npz", of_model(where["model"])
        found = predictions.read(run.path(place))
        for task in tasks:
            at = _row_of_0(alphas, len(found[task, "val"]))
            if at is None:
                continue
            other = int((found[task, "val"][at] != pretrained[task, "val"]).sum())
            if other > max(EDGE[0], EDGE[1] * found[task, "val"].shape[1]):
                yield Fault(place, f"{task}: at alpha 0 {other} validation images are predicted otherwise than without")


def _row_of_0(alphas: Sequence[float], rows: int) -> int | None:
    """Where alpha 0 stands in a sweep's predictions: in the grid, or before it."""
    if 0 in alphas:
        return alphas.index(0) - len(alphas)
    return 0 if rows > len(alphas) else None


def _stored(run: Run) -> Iterator[Stored]:
    """Every file of predictions of the run."""
    bench = run.bench
    for model in bench.models:
        files = run.files.pretrained_accuracy, run.files.pretrained_predictions
        identity = {"model": model.name, "mode": "pretrained"}
        yield _unedited(run, *(run.format(file, **identity) for file in files), identity, run.tasks)
    for where in bench.evaluated("single_task"):
        files = run.files.single_task, run.files.single_task_predictions
        yield _unedited(run, *(run.format(file, **where) for file in files), where, bench.tasks)
    for where, folder, alphas, tasks in edits(run):
        place = f"{folder}/predictions.npz"
        sweep, test = (run.frame(f"{folder}/{name}.csv") for name in ("sweep_val", "test"))
        tested = 1 if "merging" in where else len(test)
        rows = {(task, split): k for task in tasks for split, k in (("val", len(alphas)), ("test", tested))}
        claims = [*_of_sweep(f"{folder}/sweep_val.csv", sweep, alphas)]
        if "merging" in where:
            identity = {**{key: where[key] for key in ("model", "seed", "mode")}, "rule": where["merging"]}
            claims += _of_test(f"{folder}/test.csv", test, dict.fromkeys(tasks, "accuracy"))
        else:
            identity, control = {key: value for key, value in where.items() if key != "method"}, tasks[1]
            claims += _of_test(f"{folder}/test.csv", test, dict(zip(tasks, ("target", "control"), strict=True)))
            rows[control, "val"] += int(0 not in alphas)
            before = run.json(f"{folder}/choice.json")["control_pretrained_val"]
            start = _row_of_0(alphas, rows[control, "val"])
            claims.append(Claim(f"{folder}/choice.json", "control_pretrained_val", control, "val", start, before))
        yield Stored(place, identity, rows, claims)
    for where, folder, _, listed in subset_runs(run):
        rows = {(task, "test"): len(listed) for task in bench.task_names}
        yield Stored(f"{folder}/predictions.npz", where, rows, [*_of_subsets(run, f"{folder}/subsets.csv", listed)])
    analogies = bench.analogies
    for where in bench.analogous(analogies.modes):
        yield _of_analogy(run, where, "test", "predictions", swept=True)
    for where in bench.analogous(analogies.few_shot_modes):
        yield _of_analogy(run, where, "few_shot", "few_shot_predictions", swept=False)


def _of_analogy(run: Run, where: dict[str, object], name: str, stored: str, *, swept: bool) -> Stored:
    """Predictions on d: on test, a model for each row of a csv file; if it was swept, one for each alpha on val."""
    folder, (*_, d) = run.format(run.files.analogy, **where), run.bench.analogies.by_name[where["quadruple"]]
    place, models = f"{folder}/{name}.csv", run.frame(f"{folder}/{name}.csv").to_dict("records")
    rows = {(d, "test"): len(models)}
    claims = [
        Claim(place, f"accuracy of {row['start']}, {row['shots']}", d, "test", at, row["accuracy"])
        for at, row in enumerate(models)
    ]
    if swept:
        alphas = alpha_grid(**run.bench.evaluation["alphas"])
        rows[d, "val"] = len(alphas)
        claims += _of_sweep(f"{folder}/sweep_val.csv", run.frame(f"{folder}/sweep_val.csv"), alphas)
    return Stored(f"{folder}/{stored}.npz", where, rows, claims)


def _unedited(run: Run, place: str, stored: str, identity: Mapping[str, object], tasks: Sequence) -> Stored:
    """Of models that no alpha scales: one for each task."""
    names = [task.name for task in tasks]
    claims = [
        Claim(place, f"accuracy of {row['task']}, {row['split']}", row["task"], row["split"], 0, row["accuracy"])
        for row in run.frame(place).to_dict("records")
        if row["task"] in names and row["split"] in ("val", "test")
    ]
    return Stored(stored, identity, {(name, split): 1 for name in names for split in ("val", "test")}, claims)


def _of_sweep(place: str, frame: pd.DataFrame, alphas: Sequence[float]) -> Iterator[Claim]:
    """Rows are counted from the end: a control's predictions may begin with alpha 0 before the grid."""
    for row in frame.to_dict("records"):
        if row["alpha"] in alphas:
            at = alphas.index(row["alpha"]) - len(alphas)
            cell = f"accuracy of {row['task']} at alpha {row['alpha']}"
            yield Claim(place, cell, row["task"], "val", at, row["accuracy"])


def _of_subsets(run: Run, place: str, listed: Sequence[Subset]) -> Iterator[Claim]:
    at = {joined(subset): row for row, subset in enumerate(listed)}
    for row in run.frame(place).to_dict("records"):
        if row["subset"] in at:
            cell = f"accuracy of {row['subset']} on {row['task']}"
            yield Claim(place, cell, row["task"], "test", at[row["subset"]], row["accuracy"])


def _of_test(place: str, frame: pd.DataFrame, columns: Mapping[str, str]) -> Iterator[Claim]:
    """columns: task -> the column with its accuracy; of several, all stand in one row, of one model each."""
    for number, row in enumerate(frame.to_dict("records")):
        for task, column in columns.items():
            if column != "accuracy" or row["task"] == task:
                at = 0 if column == "accuracy" else number
                yield Claim(place, f"{column} of {row['task']}", task, "test", at, row[column])
