"""The rows of analogies and of few-shot fine-tuning, and which test images are classified correctly in each."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
import pandas as pd

from lib.files import predictions
from lib.files.own_files import OwnFileError
from workflow_scripts.reporting import frames


def read(path: str, stored: str, labels: Mapping[str, np.ndarray]) -> tuple[pd.DataFrame, np.ndarray]:
    """The rows of one file, all on one task, and Bool[rows, n].

    stored: the file of the predictions behind the rows, in their order. Raises OwnFileError.
    """
    frame = frames.read([path], ("alpha", "accuracy", "n"))
    task = frame["task"].iloc[0]
    found = predictions.read(stored).get((task, "test"))
    if task not in labels or found is None or found.shape != (len(frame), len(labels[task])):
        shape = None if found is None else found.shape
        raise OwnFileError(stored, got=f"predictions {shape} on {task}", expected=f"one for each row of {path}")
    return frame, found == labels[task]
