"""Which test images the edited models of subsets, and the tasks' own models, classify correctly."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from lib.editing.subsets import Subset, listed
from lib.files import predictions
from lib.files.own_files import OwnFileError
from lib.reporting.labels import KEYS
from workflow_scripts.reporting.subset_rows import Samples


@dataclass(frozen=True)
class Predicted:
    """Of one model, seed and mode: task -> Bool[s, n], which test images the model of each subset classifies correctly,
    and Bool[n], which the task's own model does.
    """

    model: str
    seed: int
    mode: str
    subsets: list[Subset]
    correct: Mapping[str, np.ndarray]
    own: Mapping[str, np.ndarray]


def read(
    predicted: Sequence[str], single_task: Sequence[str], labels: Mapping[str, np.ndarray], samples: Samples
) -> Iterator[Predicted]:
    """Every model, seed and mode of the files `predicted`, of subsets; single_task: the files of the tasks' own models.

    labels: task -> Int64[n], of its test images, in the order of the run's tasks. Raises OwnFileError.
    """
    own_models = {_run_of(path): path for path in single_task}
    for path in predicted:
        run = _run_of(path)
        subsets = listed(list(labels), samples[run[-1]])
        own = {task: rows[0] for task, rows in _correct(own_models[run], labels, 1).items()}
        yield Predicted(*run, subsets, _correct(path, labels, len(subsets)), own)


def _run_of(path: str) -> tuple[object, ...]:
    """Whose predictions a file holds: model, seed, mode."""
    told = predictions.read_identity(path)
    return tuple(told[key] for key in KEYS)


def _correct(path: str, labels: Mapping[str, np.ndarray], models: int) -> dict[str, np.ndarray]:
    """Task -> Bool[models, n]. labels: task -> Int64[n], of its test images. Raises OwnFileError."""
    found = predictions.read(path)
    shapes = {task: found[task, "test"].shape if (task, "test") in found else None for task in labels}
    expected = {task: (models, len(known)) for task, known in labels.items()}
    if shapes != expected:
        raise OwnFileError(path, got=f"predictions on test of the shapes {shapes}", expected=str(expected))
    return {task: found[task, "test"] == known for task, known in labels.items()}
