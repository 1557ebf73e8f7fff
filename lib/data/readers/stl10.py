"""STL-10's binary files: labelled images alone; the unlabelled ones stay unread."""

from __future__ import annotations

from pathlib import Path

import numpy as np

from lib.data.raw_task import RawSplit
from lib.data.readers.checks import check_names
from lib.data.readers.errors import DataError
from lib.data.readers.images import split_of_arrays
from lib.data.readers.regular_files import regular
from lib.data.readers.text_lines import text_lines
from lib.data.tasks import Task

_SIDE = 96
_ROW = 3 * _SIDE * _SIDE
_MOST_ROWS = 20_000


def read(task: Task, home: Path) -> dict[str, RawSplit]:
    """Train and test in the files' order; class_names.txt, if it is there, must name the task's classes in its order.

    An image's three planes are stored column by column. Raises DataError for absent, truncated or other files.
    """
    place = home / "stl10_binary"
    names = place / "class_names.txt"
    if names.exists():
        check_names(f"{task.title}: {names}", text_lines(names, f"{task.title}: class names"), task)
    return {split: _split(place, split) for split in ("train", "test")}


def _split(place: Path, split: str) -> RawSplit:
    labels = _bytes(place / f"{split}_y.bin", 1)
    pixels = _bytes(place / f"{split}_X.bin", _ROW)
    if len(pixels) != _ROW * len(labels):
        raise DataError(
            f"STL10: {split}_X.bin and {split}_y.bin in {place}",
            got=f"{len(pixels)} bytes of images and {len(labels)} labels",
            expected=f"{_ROW} bytes an image, as many images as labels",
            next_step="unpack stl10_binary.tar.gz again; it was truncated",
        )
    images = pixels.reshape(-1, 3, _SIDE, _SIDE).transpose(0, 3, 2, 1)
    return split_of_arrays(np.ascontiguousarray(images), labels.astype(np.int64) - 1)  # the files count from 1


def _bytes(path: Path, row: int) -> np.ndarray:
    try:
        if regular(path).stat().st_size > _MOST_ROWS * row:
            raise ValueError(f"{path.stat().st_size} bytes, more than {_MOST_ROWS} rows")
        return np.fromfile(path, np.uint8)
    except (OSError, ValueError) as error:
        raise DataError(
            f"STL10: {path}",
            got=f"{type(error).__name__}: {error}",
            expected="a file of stl10_binary.tar.gz",
            next_step="unpack the archive there again",
        ) from error
