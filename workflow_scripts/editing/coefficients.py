"""Coefficients of the task vectors, learned on images of one split: a merging rule's, for one model, seed and mode."""

from collections.abc import Mapping
from pathlib import Path

import numpy as np
import torch
from torch import Tensor

from lib.data import prepared
from lib.data.evaluation_batches import EvaluationBatches
from lib.determinism import deterministic
from lib.editing.learned_coefficients import Learning, Loss, learn, of_features, of_model
from lib.editing.task_vector import TaskVector
from lib.files import atomic
from lib.precision import matmul_precision
from workflow_scripts.editing.evaluation import Evaluation, identity_of, open_evaluation
from workflow_scripts.job import adapter


def main(
    evaluation: Evaluation,
    taus: Mapping[str, Path],
    coefficients: Path,
    *,
    split: str,
    objective: str,
    per: str,
    features: bool,
    learning: Mapping[str, object],
    identity: Mapping[str, object],
) -> None:
    """Write the learned coefficients: task -> number, or task -> tensor -> number if `per` is "tensor".

    split: whose images, and labels if the objective reads them; features: learn from the features of one pass, which
    holds for whole vectors of a tangent model; learning: the fields of `lib.editing.learned_coefficients.Learning`.
    """
    vectors = [evaluation.vector(path) for path in taus.values()]
    images = {task: len(prepared.read(folder, split)) for task, folder in evaluation.data.items()}
    with deterministic(evaluation.deterministic), matmul_precision(evaluation.precision, evaluation.device):
        loss = (
            _of_features(evaluation, vectors, split, objective)
            if features
            else _of_model(evaluation, vectors, split, objective)
        )
        shape = (len(vectors),) if per == "task" else (len(vectors), len(evaluation.theta_0))
        found = learn(loss, images, shape, Learning(**learning)).tolist()
    if per == "tensor":
        found = [dict(zip(evaluation.theta_0, row, strict=True)) for row in found]
    told = {**identity, "split": split, "coefficients": dict(zip(taus, found, strict=True))}
    atomic.write_json(coefficients, told)


def _of_features(evaluation: Evaluation, vectors: list[TaskVector], split: str, objective: str) -> Loss:
    """From one pass over the images of each task."""
    values, tangents, labels = {}, {}, {}
    for task, folder in evaluation.data.items():
        adapter.logger.info("features of %s of %s", split, task)
        batches = EvaluationBatches(prepared.read(folder, split), evaluation.batch_size, evaluation.device)
        with torch.no_grad():
            found = [evaluation.encoder.value_and_tangents(evaluation.theta_0, vectors, x) for x in batches]
        values[task] = torch.cat([value for value, _ in found])
        tangents[task] = torch.cat([torch.stack(parts) for _, parts in found], dim=1)
        labels[task] = batches.labels.to(evaluation.device)
    return of_features(values, tangents, labels, evaluation.heads, objective)


def _of_model(evaluation: Evaluation, vectors: list[TaskVector], split: str, objective: str) -> Loss:
    """Through the model, a batch at a time."""
    splits = {task: prepared.read(folder, split) for task, folder in evaluation.data.items()}

    def images(task: str, rows: np.ndarray) -> tuple[Tensor, Tensor]:
        batches = EvaluationBatches(splits[task], len(rows), evaluation.device, rows)
        return next(iter(batches)), batches.labels.to(evaluation.device)

    model = evaluation.encoder.model_at(evaluation.theta_0)
    return of_model(model, evaluation.theta_0, vectors, images, evaluation.heads, objective)


if __name__ == "__main__":
    with adapter.job(snakemake):
        params = snakemake.params
        main(
            open_evaluation(snakemake),
            dict(zip(params.tasks, snakemake.input.taus, strict=True)),
            Path(snakemake.output.coefficients),
            **params.learned_by,
            identity=identity_of(snakemake, rule=snakemake.wildcards.merging),
        )
