"""Addition of the task vectors of subsets of the tasks: an alpha for each, chosen on validation, then tested."""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path

import numpy as np
import torch
from torch import Tensor

from lib.data import prepared
from lib.editing import subsets
from lib.editing.coefficients import normalized_accuracy
from lib.editing.subsets import Edits, Subset
from lib.files import predictions
from workflow_scripts.editing.evaluation import (
    Evaluation,
    identity_of,
    open_evaluation,
    single_task_accuracies,
    write_table,
)
from workflow_scripts.job import adapter

_HELD = 2**25  # predictions held at a time
# (subset, one of its tasks) -> validation accuracy at each alpha, and the number of images
Swept = Mapping[tuple[Subset, str], tuple[list[float], int]]


def main(
    evaluation: Evaluation,
    taus: Mapping[str, Path],
    single_task: Path,
    folder: Path,
    *,
    sample: Mapping[str, int] | None,
    at_once: bool,
    alphas: Sequence[float],
    identity: Mapping[str, object],
) -> None:
    """Write sweep_val.csv (subset, alpha, task, accuracy, n), subsets.csv (subset, size, alpha, task, own, accuracy,
    normalized, n) and predictions.npz to `folder`.

    The sweep is over a subset's own tasks, on val; subsets.csv and the predictions are of all tasks, on test. A task's
    predictions have a row per subset, in the order of subsets.csv. sample: see `lib.editing.subsets.listed`. at_once:
    all edited models from one pass, as tangent models allow.
    """
    single = single_task_accuracies(single_task, list(taus))
    chosen = subsets.listed(list(taus), sample)
    edited = (subsets.together if at_once else subsets.one_by_one)(evaluation.vectors(taus), chosen)
    sweep, tested, predicted = [], [], {task: [] for task in taus}
    for edits in adapter.progress(edited, total=1 if at_once else len(chosen), what="subsets", unit="group"):
        # fewer images at a time, as each carries a tangent for each vector
        narrow = replace(evaluation, batch_size=max(1, evaluation.batch_size // len(edits.vectors)))
        swept = _swept(narrow, edits, alphas)
        sweep += _sweep_rows(edits, alphas, swept)
        best = [_choice(alphas, subset, swept, single["val"]) for subset in edits.subsets]
        found = _predicted(narrow, edits, best)
        tested += _tested_rows(edits, best, found, single["test"])
        for task, (rows, _) in found.items():
            predicted[task].append(rows.to(torch.int32))
    write_table(folder / "sweep_val.csv", sweep, identity)
    write_table(folder / "subsets.csv", tested, identity)
    classes = {task: len(head) for task, head in evaluation.heads.items()}
    stored = {(task, "test"): torch.cat(rows) for task, rows in predicted.items()}
    predictions.write(folder / "predictions.npz", stored, classes, identity)


def _swept(evaluation: Evaluation, edits: Edits, alphas: Sequence[float]) -> Swept:
    found = {}
    for task in evaluation.data:
        own = edits.containing(task)
        if own.subsets:
            accuracies, n = _accuracies(evaluation, own, alphas, task)
            found |= {(subset, task): (row, n) for subset, row in zip(own.subsets, accuracies, strict=True)}
    return found


def _accuracies(
    evaluation: Evaluation, edits: Edits, alphas: Sequence[float], task: str
) -> tuple[list[list[float]], int]:
    """Validation accuracy of each subset at each alpha, in blocks of images: the predictions of all of them need not
    fit into memory, and each image is still passed once.
    """
    rows = edits.rows([alphas] * len(edits.subsets))
    n = len(prepared.read(evaluation.data[task], "val"))
    step = max(evaluation.batch_size, _HELD // len(rows))
    correct = torch.zeros(len(rows), dtype=torch.int64)
    for start in range(0, n, step):
        block = np.arange(start, min(start + step, n))
        found, labels = evaluation.predictions(edits.vectors, rows, task, "val", block)
        correct += (found == labels).sum(1)
    return (correct.double() / n).reshape(-1, len(alphas)).tolist(), n


def _sweep_rows(edits: Edits, alphas: Sequence[float], swept: Swept) -> list[dict[str, object]]:
    return [
        {"subset": subsets.joined(subset), "alpha": alpha, "task": task, "accuracy": accuracies[i], "n": n}
        for subset in edits.subsets
        for i, alpha in enumerate(alphas)
        for task, (accuracies, n) in ((task, swept[subset, task]) for task in subset)
    ]


def _choice(alphas: Sequence[float], subset: Subset, swept: Swept, single: Mapping[str, float]) -> float:
    own = {task: swept[subset, task][0] for task in subset}
    return subsets.choose(alphas, own, {task: single[task] for task in subset}).alpha


def _predicted(evaluation: Evaluation, edits: Edits, best: Sequence[float]) -> dict[str, tuple[Tensor, Tensor]]:
    """Task -> predictions Int64[s, n] of each subset at its alpha on test, and the labels Int64[n]."""
    rows = edits.rows([[alpha] for alpha in best])
    return {task: evaluation.predictions(edits.vectors, rows, task, "test") for task in evaluation.data}


def _tested_rows(
    edits: Edits, best: Sequence[float], found: Mapping[str, tuple[Tensor, Tensor]], single: Mapping[str, float]
) -> list[dict[str, object]]:
    shares = {task: (rows == labels).double().mean(1).tolist() for task, (rows, labels) in found.items()}
    return [
        {
            "subset": subsets.joined(subset),
            "size": len(subset),
            "alpha": alpha,
            "task": task,
            "own": task in subset,
            "accuracy": accuracies[i],
            "normalized": normalized_accuracy({task: accuracies[i]}, {task: single[task]}),
            "n": len(found[task][1]),
        }
        for i, (subset, alpha) in enumerate(zip(edits.subsets, best, strict=True))
        for task, accuracies in shares.items()
    ]


if __name__ == "__main__":
    with adapter.job(snakemake):
        params, inputs = snakemake.params, snakemake.input
        main(
            open_evaluation(snakemake),
            dict(zip(params.tasks, inputs.taus, strict=True)),
            inputs.single_task,
            Path(snakemake.output.tested).parent,
            sample=params.sample,
            at_once=params.at_once,
            alphas=params.alphas,
            identity=identity_of(snakemake),
        )
