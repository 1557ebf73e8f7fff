"""What the evaluation scripts share: one model in one mode, applied to prepared splits."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch
from torch import Tensor

from lib.data import prepared
from lib.data.batches import EvaluationBatches
from lib.editing.task_vector import TaskVector
from lib.files import checkpoints, rows
from lib.models import encoders
from lib.precision import matmul_precision
from lib.training import modes
from workflow_scripts.job import adapter


@dataclass(frozen=True)
class Evaluation:
    """A model in a mode on a device. data and heads: per task, the folder of its prepared splits and its head."""

    mode: modes.Mode
    encoder: encoders.ImageEncoder
    theta_0: Mapping[str, Tensor]
    data: Mapping[str, Path]
    heads: Mapping[str, Tensor]
    batch_size: int
    precision: str
    device: str

    def predictions(
        self, taus: Sequence[TaskVector], coefficients: Tensor, task: str, split: str, rows: np.ndarray | None = None
    ) -> tuple[Tensor, Tensor]:
        """Predictions Int64[k, n] of the models theta_0 + coefficients[k] . taus on a task's split, and labels
        Int64[n].
        """
        batches = EvaluationBatches(prepared.read(self.data[task], split), self.batch_size, self.device, rows)
        with matmul_precision(self.precision, self.device):
            found = self.mode.predictions(
                self.encoder, self.theta_0, list(taus), coefficients, batches, self.heads[task]
            )
        return found.cpu(), batches.labels

    def accuracies(
        self, taus: Sequence[TaskVector], coefficients: Sequence[Sequence[float]], task: str, split: str
    ) -> tuple[list[float], int]:
        """Top-1 accuracy of each model, in [0, 1], and the number of images."""
        adapter.logger.info("%s: %d models on %s of %s", self.mode.name, len(coefficients), split, task)
        found, labels = self.predictions(taus, torch.tensor(coefficients), task, split)
        return (found == labels).double().mean(1).tolist(), len(labels)

    def vector(self, path: str | Path) -> TaskVector:
        """A task vector from its file, on the device."""
        return TaskVector({name: value.to(self.device) for name, value in checkpoints.load(path).items()})


def open_evaluation(inputs, params, *, mode: str, config: Mapping[str, object]) -> Evaluation:
    """An Evaluation from a rule's inputs (theta_0, heads, manifests) and params (architecture, evaluation, tasks)."""
    device = adapter.device(config["device"])
    return Evaluation(
        mode=modes.get(mode),
        encoder=encoders.image_encoder(params.architecture, architectures=params.architectures),
        theta_0={name: value.to(device) for name, value in checkpoints.load(inputs.theta_0).items()},
        data={task: Path(path).parent for task, path in zip(params.tasks, _many(inputs.manifests), strict=True)},
        heads={
            task: checkpoints.load(path)["weight"].to(device)
            for task, path in zip(params.tasks, _many(inputs.heads), strict=True)
        },
        batch_size=params.evaluation["batch_size"],
        precision=params.evaluation["precision"],
        device=device,
    )


def write_table(path: str | Path, found: list[dict], identity: Mapping[str, object]) -> None:
    """Write rows as csv, each led by the identity columns (model, seed, mode, ...)."""
    rows.write(path, [{**identity, **row} for row in found])


def _many(paths) -> list[str]:
    return [paths] if isinstance(paths, str) else list(paths)
