"""SVHN's cropped digits, the two MATLAB files that torchvision keeps."""

from __future__ import annotations

from pathlib import Path

import numpy as np

from lib.data.raw_task import RawSplit
from lib.data.readers.errors import DataError
from lib.data.readers.images import split_of_arrays
from lib.data.readers.matlab import NUMBERS, load_mat
from lib.data.tasks import Task

_MAX_BYTES = 2**30  # train has 225 million


def read(task: Task, home: Path) -> dict[str, RawSplit]:
    """Train and test in the files' order; extra stays unused. Raises DataError for absent or damaged files."""
    return {split: _split(home / f"{split}_32x32.mat") for split in ("train", "test")}


def _split(path: Path) -> RawSplit:
    images, found = (load_mat(path, name, kinds=NUMBERS, at_most=_MAX_BYTES) for name in ("X", "y"))
    labels = found.astype(np.uint8)
    whole = images.dtype == np.uint8 and images.shape == (32, 32, 3, len(labels)) and labels.ndim == 1
    if not whole or not np.array_equal(labels, found):
        raise DataError(
            f"SVHN: {path}",
            got=f"X {images.shape} {images.dtype}, y {found.shape} {found.dtype}",
            expected="X (32, 32, 3, n) uint8 and y (n), whole numbers from 0 to 255",
            next_step="fetch the cropped digits (format 2), not the full numbers",
        )
    labels[labels == 10] = 0  # the files call the digit 0 class 10
    return split_of_arrays(np.ascontiguousarray(images.transpose(3, 0, 1, 2)), labels)
