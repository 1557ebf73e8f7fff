"""Files of kernel regression as frames: accuracies of every split, and which test images were classified correctly."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np
import pandas as pd

from lib.data.points import drawn_rows
from lib.files import predictions
from lib.files.own_files import OwnFileError
from workflow_scripts.reporting import frames
from workflow_scripts.reporting.labelled import labels_of

_EMPTY = ("regularization", "initial_scale", "learning_rate", "solver")


def read_tested(paths: Sequence[str]) -> pd.DataFrame:
    """Rows (model, task, split, shots, method, ..., accuracy, n) of all files. Raises OwnFileError."""
    numbers = ("split", "accuracy", "n")
    return frames.read(paths, numbers, empty=_EMPTY, identity=("model", "task")).astype({"split": int, "shots": int})


def read_correct(
    paths: Sequence[str], labels: Mapping[str, str], tested: pd.DataFrame, *, test: int, seed: int
) -> dict[tuple[str, str], np.ndarray]:
    """(model, task) -> Bool[rows, n], for the rows of `read_tested` in order. labels: task -> index of its test split.

    test, seed: how many test images were drawn, and how. Raises OwnFileError for predictions that do not fit.
    """
    known = labels_of(labels)
    found = {}
    for path in paths:
        told = predictions.read_identity(path)
        model, task = told["model"], told["task"]
        drawn = known[task][drawn_rows(len(known[task]), test, seed)]
        predicted = predictions.read(path).get((task, "test"))
        rows = ((tested["model"] == model) & (tested["task"] == task)).sum()
        if predicted is None or predicted.shape != (rows, len(drawn)):
            shape = None if predicted is None else predicted.shape
            raise OwnFileError(path, got=f"predictions {shape} on {task}", expected=f"{(int(rows), len(drawn))}")
        found[model, task] = predicted == drawn
    return found
