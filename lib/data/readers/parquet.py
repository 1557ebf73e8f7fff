"""Splits in parquet files with a column of encoded images and one of labels."""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Sequence
from functools import lru_cache, partial
from io import BytesIO
from pathlib import Path
from typing import TypeVar

import numpy as np
from PIL import Image

from lib.data.raw_task import RawSplit
from lib.data.readers.errors import DataError, ImageError, some
from lib.data.readers.images import decode

_SHARD = re.compile(r"-(\d+)-of-(\d+)\.parquet$")
_Result = TypeVar("_Result")


def shards(folder: Path, pattern: str) -> list[Path]:
    """The files of one split in order. Raises DataError if there is none or if a shard of the series is missing."""
    files = sorted(folder.glob(pattern))
    numbered = [match for match in (_SHARD.search(file.name) for file in files) if match]
    total = int(numbered[0][2]) if numbered else len(files)
    missing = sorted(set(range(total)) - {int(match[1]) for match in numbered}) if numbered else []
    if missing or not files:
        raise DataError(
            f"parquet files {pattern} in {folder}",
            got=f"{len(files)} files" + (f", without number {some(missing)}" if missing else ""),
            expected=f"{total} files" if files else "at least one file",
            next_step="fetch the data set again; check that the revision holds these files",
        )
    return files


def read(files: Sequence[Path], *, image: str, label: str) -> RawSplit:
    """Labels now, images when asked for: one row group at a time is held, so ask for rows in ascending order.

    Raises DataError if a file is damaged or lacks a column.
    """
    labels, groups, starts = [], [], [0]
    for file in files:
        table = _reading(file, lambda parquet, file=file: parquet.read_table(file, columns=[label]))
        sizes = _reading(file, lambda parquet, file=file: _group_sizes(parquet.ParquetFile(file), file, image, label))
        labels.append(table[label].to_numpy())
        groups += [(str(file), number) for number in range(len(sizes))]
        starts += (starts[-1] + np.cumsum(sizes, dtype=np.int64)).tolist()
    decoded = partial(_image, tuple(groups), np.asarray(starts, np.int64), image)
    return RawSplit(np.concatenate(labels).astype(np.int64), decoded)


def declared_names(file: Path, label: str) -> list[str]:
    """The class names that the file's schema declares. Raises DataError if it declares none."""
    metadata = _reading(file, lambda parquet: parquet.read_schema(file)).metadata or {}
    features = json.loads(metadata.get(b"huggingface", b"{}")).get("info", {}).get("features", {})
    names = features.get(label, {}).get("names")
    if not names:
        raise DataError(
            f"parquet file {file}",
            got=f"no class names for the column {label!r}",
            expected="names in the schema's metadata (huggingface)",
            next_step="take the revision that lib/data/tasks names, or set the option label_order to by_position after "
            "you have checked the zero-shot accuracy",
        )
    return list(names)


def relabelled(split: RawSplit, label_of: Sequence[int]) -> RawSplit:
    """The split with each label l replaced by label_of[l]; labels out of range stay, for the checks to report."""
    known = (split.labels >= 0) & (split.labels < len(label_of))
    mapped = np.asarray(label_of, np.int64)[np.where(known, split.labels, 0)]
    return RawSplit(np.where(known, mapped, split.labels), split.image)


def _group_sizes(parquet_file, file: Path, image: str, label: str) -> list[int]:
    absent = {image, label} - set(parquet_file.schema_arrow.names)
    if absent:
        raise DataError(
            f"parquet file {file}",
            got=f"columns {parquet_file.schema_arrow.names}",
            expected=f"the columns {image!r} and {label!r}",
            next_step="take the data set and revision that lib/data/tasks names",
        )
    metadata = parquet_file.metadata
    return [metadata.row_group(number).num_rows for number in range(metadata.num_row_groups)]


def _image(groups: Sequence[tuple[str, int]], starts: np.ndarray, image: str, row: int) -> Image.Image:
    position = int(np.searchsorted(starts, row, side="right")) - 1
    file, number = groups[position]
    name = f"{file}, row {row} of the split"
    try:
        cell = _column_of_group(file, number, image)[row - int(starts[position])].as_py()
    except Exception as error:  # arrow raises its own and the system's errors for broken pages
        raise ImageError(f"cannot read {name}: {error}") from error
    data = cell.get("bytes") if isinstance(cell, dict) else cell
    if not data:
        raise ImageError(f"cannot decode {name}: the cell holds no bytes")
    return decode(BytesIO(data), name)


@lru_cache(maxsize=2)
def _column_of_group(file: str, number: int, column: str):
    import pyarrow.parquet

    return pyarrow.parquet.ParquetFile(file).read_row_group(number, columns=[column])[column]


def _reading(file: Path, read_file: Callable[..., _Result]) -> _Result:
    import pyarrow.parquet

    try:
        return read_file(pyarrow.parquet)
    except DataError:
        raise
    except Exception as error:  # arrow raises its own and the system's errors for broken files
        raise DataError(
            f"parquet file {file}",
            got=f"{type(error).__name__}: {error}",
            expected="a whole parquet file",
            next_step="delete the file and fetch it again; it is truncated or not parquet",
        ) from error
