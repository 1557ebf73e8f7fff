"""FER2013: one table whose rows hold the label, the pixels as text, and the split."""

from __future__ import annotations

import csv
from collections.abc import Iterator
from pathlib import Path

import numpy as np

from lib.data.raw_task import RawSplit
from lib.data.readers.errors import DataError
from lib.data.readers.images import split_of_arrays
from lib.data.readers.regular_files import regular
from lib.data.tasks import Task

TABLES = ("fer2013.csv", "icml_face_data.csv")
_USAGE = {"Training": "train", "PublicTest": "test", "PrivateTest": "test"}
_SIDE = 48
_MOST_BYTES = 2**30  # 301 million
_MOST_ROWS = 100_000


def read(task: Task, home: Path) -> dict[str, RawSplit]:
    """Train and test in the table's order; test is PublicTest and PrivateTest together, as in torchvision.

    The table numbers its classes: 0 angry, 1 disgusted, 2 fearful, 3 happy, 4 sad, 5 surprised, 6 neutral. Raises
    DataError for an absent or damaged table.
    """
    table = next((home / name for name in TABLES if (home / name).exists()), home / TABLES[0])
    images: dict[str, list[np.ndarray]] = {"train": [], "test": []}
    labels: dict[str, list[int]] = {"train": [], "test": []}
    try:
        if regular(table).stat().st_size > _MOST_BYTES:
            raise ValueError(f"{table.stat().st_size} bytes")
        for split, label, pixels in _rows(table):
            images[split].append(pixels)
            labels[split].append(label)
    except (OSError, ValueError, KeyError, TypeError, csv.Error) as error:
        raise DataError(
            f"{task.title}: table {table}",
            got=f"{type(error).__name__}: {error}",
            expected=f"columns emotion, pixels ({_SIDE**2} numbers from 0 to 255) and Usage ({', '.join(_USAGE)}), at "
            f"most {_MOST_ROWS} rows",
            next_step="fetch the table again; train.csv and test.csv do not do, as they hold no labels of test",
        ) from error
    return {split: split_of_arrays(_stacked(images[split]), labels[split]) for split in images}


def _stacked(images: list[np.ndarray]) -> np.ndarray:
    return np.stack(images) if images else np.empty((0, _SIDE, _SIDE), np.uint8)


def _rows(table: Path) -> Iterator[tuple[str, int, np.ndarray]]:
    """Split, label and UInt8[48, 48] of each row; one of the two tables has spaces in its header."""
    with open(table, newline="", encoding="utf-8") as file:
        reader = csv.DictReader(file, skipinitialspace=True)
        for number, row in enumerate(reader, start=2):
            if number > _MOST_ROWS:
                raise ValueError(f"more than {_MOST_ROWS} rows")
            values = np.array(row["pixels"].split(), np.int64)
            if len(values) != _SIDE**2 or values.min() < 0 or values.max() > 255:
                raise ValueError(f"row {number} with {len(values)} numbers, or numbers that are no bytes")
            yield _USAGE[row["Usage"]], int(row["emotion"]), values.astype(np.uint8).reshape(_SIDE, _SIDE)
