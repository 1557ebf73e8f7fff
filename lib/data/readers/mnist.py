"""MNIST's four idx files, packed or not, where torchvision puts them."""

from __future__ import annotations

import gzip
import math
import zlib
from pathlib import Path

import numpy as np

from lib.data.raw_task import RawSplit
from lib.data.readers.errors import DataError
from lib.data.readers.images import split_of_arrays
from lib.data.readers.regular_files import regular
from lib.data.tasks import Task

_UNSIGNED_BYTE = 8
_MAX_ROWS = 100_000


def read(task: Task, home: Path) -> dict[str, RawSplit]:
    """Train and test in the files' order. Raises DataError for absent, truncated or other files."""
    return {split: _split(home, prefix) for split, prefix in (("train", "train"), ("test", "t10k"))}


def _split(home: Path, prefix: str) -> RawSplit:
    images = _idx(home / f"{prefix}-images-idx3-ubyte", row=(28, 28))
    labels = _idx(home / f"{prefix}-labels-idx1-ubyte", row=())
    if len(images) != len(labels):
        raise DataError(
            f"MNIST: {prefix} files in {home}",
            got=f"{len(images)} images and {len(labels)} labels",
            expected="as many labels as images",
            next_step="fetch both files again",
        )
    return split_of_arrays(images, labels)


def _idx(path: Path, *, row: tuple[int, ...]) -> np.ndarray:
    """The array of an idx file of unsigned bytes: magic 0 0 8 d, d big-endian lengths, then the bytes.

    row: the shape behind the first dimension. Only as many bytes are read (and unpacked) as such a header allows.
    """
    magic, shape, data = _parts(path, 1 + len(row), math.prod(row))
    strange = shape[1:] != row or shape[0] > _MAX_ROWS
    if magic != bytes((0, 0, _UNSIGNED_BYTE, len(shape))) or strange or len(data) != math.prod(shape):
        raise DataError(
            f"idx file {path}",
            got=f"magic {magic.hex()}, shape {shape}, {len(data)} bytes of data or more",
            expected=f"magic 0000080{len(shape)}, a shape (n, {str(row)[1:-1]}) with n up to {_MAX_ROWS} and as many "
            "bytes as the shape says",
            next_step="fetch the file again; it is truncated or another one",
        )
    return np.frombuffer(data, np.uint8).reshape(shape)


def _parts(path: Path, dimensions: int, row_size: int) -> tuple[bytes, tuple[int, ...], bytes]:
    """Magic, shape, and of the data at most one byte more than the header says or the largest file has."""
    packed = path.with_name(path.name + ".gz")
    try:
        with open(regular(path), "rb") if path.exists() else gzip.open(regular(packed)) as file:
            magic, lengths = file.read(4), file.read(4 * dimensions)
            shape = tuple(np.frombuffer(lengths.ljust(4 * dimensions, b"\0"), ">u4").tolist())
            return magic, shape, file.read(min(math.prod(shape), _MAX_ROWS * row_size) + 1)
    except (OSError, EOFError, zlib.error) as error:
        raise DataError(
            f"idx file {path}",
            got=f"{type(error).__name__}: {error}",
            expected=f"that file or {packed.name}, whole",
            next_step="fetch it again",
        ) from error
