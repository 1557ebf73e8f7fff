"""What the evaluation scripts share: one model in one mode, applied to prepared splits."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from importlib import import_module
from pathlib import Path
from types import ModuleType

import numpy as np
import torch
from torch import Tensor

from lib.data import prepared
from lib.data.evaluation_batches import EvaluationBatches
from lib.determinism import deterministic
from lib.editing.task_vector import TaskVector
from lib.files import checkpoints, own_files, predictions, rows
from lib.models.encoders.interface import Encoder
from lib.precision import matmul_precision
from lib.threads import use_threads
from workflow_scripts.editing.identity import identity_of as identity_of
from workflow_scripts.job import adapter


@dataclass(frozen=True)
class Evaluation:
    """A model in a mode on a device. data and heads: per task, the folder of its prepared splits and its head.

    edited: `lib.editing.edited_models`, or a module with the same functions.
    """

    encoder: Encoder
    edited: ModuleType
    theta_0: Mapping[str, Tensor]
    data: Mapping[str, Path]
    heads: Mapping[str, Tensor]
    batch_size: int
    precision: str
    device: str
    deterministic: bool = False

    @classmethod
    def of(
        cls,
        theta_0: str | Path,
        heads: Mapping[str, str | Path],
        data: Mapping[str, Path],
        *,
        model: Mapping[str, str],
        architecture: Mapping[str, object],
        evaluation: Mapping[str, object],
        device: str,
    ) -> Evaluation:
        """An Evaluation from files, and from the values of an evaluation's params (`resolution.evaluation` and
        `evaluating`). Raises CheckpointError and NotFinite for weights that cannot be evaluated.
        """
        return cls(
            encoder=import_module(model["encoder"]).image_encoder(architecture),
            edited=import_module(model["predictions"]),
            theta_0={name: value.to(device) for name, value in checkpoints.load(theta_0).items()},
            data=data,
            heads={task: checkpoints.load(path, names=["weight"])["weight"].to(device) for task, path in heads.items()},
            device=device,
            **evaluation,
        )

    def predictions(
        self,
        taus: Sequence[TaskVector],
        coefficients: Tensor | Sequence[Sequence[float]],
        task: str,
        split: str,
        rows: np.ndarray | None = None,
    ) -> tuple[Tensor, Tensor]:
        """Predictions Int64[k, n] of theta_0 + coefficients[k] . taus on a task's split, and its labels Int64[n]."""
        with self._batches(len(coefficients), task, split, rows) as batches:
            models = torch.as_tensor(coefficients)
            found = self.edited.predictions(self.encoder, self.theta_0, list(taus), models, batches, self.heads[task])
        return found.cpu(), batches.labels

    def comparisons(
        self,
        taus: Sequence[TaskVector],
        coefficients: Tensor,
        references: Sequence[int],
        task: str,
        split: str,
        rows: np.ndarray,
    ) -> tuple[Tensor, Tensor]:
        """Predictions Int64[k, n], and distances Float64[k, n] of embeddings from those of the referred models."""
        with self._batches(len(coefficients), task, split, rows) as batches:
            predicted, distances = self.edited.predictions_and_distances(
                self.encoder, self.theta_0, list(taus), coefficients, batches, self.heads[task], references
            )
        return predicted.cpu(), distances.cpu()

    @contextmanager
    def _batches(self, models: int, task: str, split: str, rows: np.ndarray | None) -> Iterator[EvaluationBatches]:
        """The batches of a split, in the precision of this evaluation."""
        adapter.logger.info("%d models on %s of %s", models, split, task)
        batches = EvaluationBatches(prepared.read(self.data[task], split), self.batch_size, self.device, rows)
        with deterministic(self.deterministic), matmul_precision(self.precision, self.device):
            yield batches

    def vectors(self, paths: Mapping[str, str | Path]) -> Mapping[str, TaskVector]:
        """Task vectors by task, each read when it is asked for: all at once may not fit into memory."""
        return _Vectors(self, paths)

    def vector(self, path: str | Path) -> TaskVector:
        """A task vector from its file, on the device."""
        return TaskVector({name: value.to(self.device) for name, value in checkpoints.load(path).items()})


class _Vectors(Mapping):
    def __init__(self, evaluation: Evaluation, paths: Mapping[str, str | Path]):
        self._evaluation, self._paths = evaluation, paths

    def __getitem__(self, task: str) -> TaskVector:
        return self._evaluation.vector(self._paths[task])

    def __iter__(self) -> Iterator[str]:
        return iter(self._paths)

    def __len__(self) -> int:
        return len(self._paths)


class Measured:
    """What one job's models predict, kept as it is measured: accuracies, and the file of all predictions."""

    def __init__(self, evaluation: Evaluation):
        self._evaluation = evaluation
        self._found: dict[tuple[str, str], Tensor] = {}

    def accuracies(
        self, taus: Sequence[TaskVector], coefficients: Sequence[Sequence[float]], task: str, split: str
    ) -> tuple[list[float], int]:
        """Top-1 accuracy of each model theta_0 + coefficients[k] . taus, in [0, 1], and the number of images."""
        found, labels = self._evaluation.predictions(taus, coefficients, task, split)
        self._found[task, split] = found
        return (found == labels).double().mean(1).tolist(), len(labels)

    def write(self, path: str | Path, identity: Mapping[str, object]) -> None:
        """Write all predictions, in the order in which they were measured."""
        classes = {task: len(head) for task, head in self._evaluation.heads.items()}
        predictions.write(path, self._found, classes, identity)


def open_evaluation(snakemake) -> Evaluation:
    """An Evaluation from inputs (theta_0, heads, splits) and params (architecture, model, evaluation, tasks)."""
    inputs, params = snakemake.input, snakemake.params
    use_threads(snakemake.threads)
    folders = dict.fromkeys(Path(path).parent for path in _many(inputs.splits))
    return Evaluation.of(
        inputs.theta_0,
        dict(zip(params.tasks, _many(inputs.heads), strict=True)),
        dict(zip(params.tasks, folders, strict=True)),
        model=params.model,
        architecture=params.architecture,
        evaluation=params.evaluation,
        device=adapter.device(snakemake.config["device"]),
    )


def single_task_accuracies(file: Path, tasks: Sequence[str]) -> dict[str, dict[str, float]]:
    """Of each task's own model: split -> task -> accuracy. Raises OwnFileError unless the file has these, once each."""
    found: dict[str, dict[str, float]] = {"val": {}, "test": {}}
    known = rows.read(file, ("task", "split"), numbers=("accuracy",))
    keys = ((row["task"], row["split"]) for row in known)
    own_files.require_combinations(file, keys, {"task": tasks, "split": list(found)})
    for row in known:
        found[row["split"]][row["task"]] = float(row["accuracy"])
    return found


def write_table(path: str | Path, found: list[dict], identity: Mapping[str, object]) -> None:
    """Write rows as csv, each led by the identity columns (model, seed, mode, ...)."""
    rows.write(path, [{**identity, **row} for row in found])


def _many(paths) -> list[str]:
    return [paths] if isinstance(paths, str) else list(paths)
