"""Splits in parquet files with a column of encoded images and one of labels."""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from functools import lru_cache, partial
from io import BytesIO
from itertools import islice
from pathlib import Path
from typing import TypeVar

import numpy as np
from PIL import Image

from lib.data.raw_task import RawSplit
from lib.data.readers.errors import DataError, ImageError, some
from lib.data.readers.images import decode
from lib.data.readers.parquet_schema import check_columns, class_names, group_sizes
from lib.data.readers.regular_files import regular

_SHARD = re.compile(r"-(\d+)-of-(\d+)\.parquet$")
_Result = TypeVar("_Result")


def shards(folder: Path, pattern: str) -> list[Path]:
    """The files of one split in order. Raises DataError if there is none or if a shard of the series is missing."""
    files = sorted(folder.glob(pattern))
    numbered = [match for match in (_SHARD.search(file.name) for file in files) if match]
    present = {int(match[1]) for match in numbered}
    totals = sorted({int(match[2]) for match in numbered}) or [len(files)]
    missing = list(islice((number for number in range(totals[-1]) if number not in present), 6)) if numbered else []
    if missing or not files or len(totals) > 1:
        raise DataError(
            f"parquet files {pattern} in {folder}",
            got=f"{len(files)} files" + (f", without number {some(missing)}" if missing else ""),
            expected=f"{' or '.join(map(str, totals))} files" if files else "at least one file",
            next_step="fetch the data set again; check that the revision holds these files",
        )
    return files


def read(files: Sequence[Path], *, image: str, label: str) -> RawSplit:
    """Labels now, images when asked for: one row group at a time is held, so ask for rows in ascending order.

    Raises DataError if a file is damaged, lacks a column or holds other types in it.
    """
    labels, groups, starts = [], [], [0]
    for file in files:
        found, sizes = _reading(file, partial(_labels, image=image, label=label))
        labels.append(found)
        groups += [(str(file), number) for number in range(len(sizes))]
        starts += (starts[-1] + np.cumsum(sizes, dtype=np.int64)).tolist()
    decoded = partial(_image, tuple(groups), np.asarray(starts, np.int64), image)
    return RawSplit(np.concatenate(labels), decoded)


def declared_names(file: Path, label: str) -> list[str]:
    """The class names that the file's schema declares. Raises DataError if it declares none."""
    return _reading(file, lambda parquet, file: class_names(parquet.read_schema(file), file, label))


def relabelled(split: RawSplit, label_of: Sequence[int]) -> RawSplit:
    """The split with each label l replaced by label_of[l]; labels out of range stay, for the checks to report."""
    known = (split.labels >= 0) & (split.labels < len(label_of))
    mapped = np.asarray(label_of, np.int64)[np.where(known, split.labels, 0)]
    return RawSplit(np.where(known, mapped, split.labels), split.image)


def _labels(parquet, file: Path, *, image: str, label: str) -> tuple[np.ndarray, list[int]]:
    """Int64[n] labels, and the rows of each group."""
    with parquet.ParquetFile(file) as opened:
        check_columns(opened.schema_arrow, file, image=image, label=label)
        sizes = group_sizes(opened.metadata, file, image)
        column = opened.read(columns=[label])[label]
    if column.null_count or len(column) != sum(sizes):
        raise DataError(
            f"parquet file {file}: column {label!r}",
            got=f"{column.null_count} nulls in {len(column)} rows of {sum(sizes)}",
            expected="a label for each row",
            next_step="take the data set and revision that lib/data/tasks names",
        )
    return column.cast("int64").to_numpy(), sizes


def _image(groups: Sequence[tuple[str, int]], starts: np.ndarray, image: str, row: int) -> Image.Image:
    position = int(np.searchsorted(starts, row, side="right")) - 1
    file, number = groups[position]
    name = f"{file}, row {row} of the split"
    try:
        cell = _column_of_group(file, number, image)[row - int(starts[position])].as_py()
    except Exception as error:  # arrow raises its own and the system's errors for broken pages
        raise ImageError(f"cannot read {name}: {error}") from error
    data = cell.get("bytes") if isinstance(cell, dict) else cell
    if not data:  # a path beside absent bytes is never followed
        raise ImageError(f"cannot decode {name}: the cell holds no bytes")
    return decode(BytesIO(data), name)


@lru_cache(maxsize=2)
def _column_of_group(file: str, number: int, column: str):
    import pyarrow.parquet

    return pyarrow.parquet.ParquetFile(file).read_row_group(number, columns=[column])[column]


def _reading(file: Path, read_file: Callable[..., _Result]) -> _Result:
    import pyarrow.parquet

    try:
        return read_file(pyarrow.parquet, regular(file))
    except DataError:
        raise
    except Exception as error:  # arrow raises its own and the system's errors for broken files
        raise DataError(
            f"parquet file {file}",
            got=f"{type(error).__name__}: {error}",
            expected="a whole parquet file",
            next_step="delete the file and fetch it again; it is truncated or not parquet",
        ) from error
