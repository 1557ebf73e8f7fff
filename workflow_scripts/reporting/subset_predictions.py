"""Which test images the edited models of subsets, and the tasks' own models, classify correctly."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np

from lib.files import predictions
from lib.files.own_files import OwnFileError
from lib.reporting.labels import KEYS


def run_of(path: str) -> tuple[object, ...]:
    """Whose predictions a file holds: model, seed, mode."""
    told = predictions.read_identity(path)
    return tuple(told[key] for key in KEYS)


def correct(path: str, labels: Mapping[str, np.ndarray], models: int) -> dict[str, np.ndarray]:
    """Task -> Bool[models, n]. labels: task -> Int64[n], of its test images. Raises OwnFileError."""
    found = predictions.read(path)
    shapes = {task: found[task, "test"].shape if (task, "test") in found else None for task in labels}
    expected = {task: (models, len(known)) for task, known in labels.items()}
    if shapes != expected:
        raise OwnFileError(path, got=f"predictions on test of the shapes {shapes}", expected=str(expected))
    return {task: found[task, "test"] == known for task, known in labels.items()}
