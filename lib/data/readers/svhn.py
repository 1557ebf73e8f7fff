"""SVHN's cropped digits, the two MATLAB files that torchvision keeps."""

from __future__ import annotations

from pathlib import Path

import numpy as np

from lib.data.raw_task import RawSplit
from lib.data.readers.errors import DataError
from lib.data.readers.images import split_of_arrays
from lib.data.readers.matlab import load_mat
from lib.data.tasks import Task


def read(task: Task, home: Path) -> dict[str, RawSplit]:
    """Train and test in the files' order; extra stays unused. Raises DataError for absent or damaged files."""
    return {split: _split(home / f"{split}_32x32.mat") for split in ("train", "test")}


def _split(path: Path) -> RawSplit:
    images, labels = load_mat(path, "X"), load_mat(path, "y").astype(np.int64)
    if images.ndim != 4 or images.shape[:3] != (32, 32, 3) or images.shape[3] != len(labels):
        raise DataError(
            f"SVHN: {path}",
            got=f"X {images.shape}, y {labels.shape}",
            expected="X (32, 32, 3, n) and y (n)",
            next_step="fetch the cropped digits (format 2), not the full numbers",
        )
    labels[labels == 10] = 0  # the files call the digit 0 class 10
    return split_of_arrays(np.ascontiguousarray(images.transpose(3, 0, 1, 2)), labels)
