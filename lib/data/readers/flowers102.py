"""Oxford Flowers 102: images in one folder, and two MATLAB files of labels and of the split."""

from __future__ import annotations

from pathlib import Path

import numpy as np

from lib.data.raw_task import RawSplit
from lib.data.readers.checks import check_disjoint
from lib.data.readers.errors import DataError
from lib.data.readers.matlab import NUMBERS, load_mat
from lib.data.readers.present_images import split_of_listed
from lib.data.tasks import Task

_MAX_BYTES = 2**22
_KEYS = {"train": "trnid", "test": "tstid"}


def read(task: Task, home: Path) -> dict[str, RawSplit]:
    """Train (10 images a class) and test of the official split in the order of setid.mat; valid stays unused.

    Raises DataError for absent images, damaged tables and a leaked split.
    """
    labels = _numbers(home / "imagelabels.mat", "labels") - 1  # the files count from 1
    numbers = {split: _numbers(home / "setid.mat", key) for split, key in _KEYS.items()}
    names = {split: [f"image_{number:05d}.jpg" for number in found.tolist()] for split, found in numbers.items()}
    check_disjoint(task.title, *names.values())
    outside = [int(n) for found in numbers.values() for n in found if not 1 <= n <= len(labels)]
    if outside:
        raise DataError(
            f"{task.title}: {home / 'setid.mat'}",
            got=f"image {outside[0]}",
            expected=f"images from 1 to {len(labels)}, as many as imagelabels.mat labels",
            next_step="fetch both files again",
        )
    return {
        split: split_of_listed(f"{task.title}: setid.mat", home / "jpg", names[split], labels[found - 1])
        for split, found in numbers.items()
    }


def _numbers(path: Path, variable: str) -> np.ndarray:
    """Int64[n] of a variable that holds a row of whole numbers."""
    found = load_mat(path, variable, kinds=NUMBERS, at_most=_MAX_BYTES)
    if found.ndim != 1 or not np.array_equal(found, np.floor(found)):
        raise DataError(
            f"MATLAB file {path}: {variable}",
            got=f"shape {found.shape} of {found.dtype}",
            expected="a row of whole numbers",
            next_step="fetch the file again",
        )
    return found.astype(np.int64)
