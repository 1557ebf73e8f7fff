"""idx files of unsigned bytes, packed or not: the format of MNIST and of those that follow it."""

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

_UNSIGNED_BYTE = 8


def split_of_idx(what: str, images: Path, labels: Path, *, most_rows: int = 100_000) -> RawSplit:
    """The 28 x 28 grey images of one file with the labels of another, in the files' order.

    what: the two files in words, for messages. most_rows: bound of what is read. Raises DataError for absent,
    truncated or other files.
    """
    pixels, numbers = _idx(images, (28, 28), most_rows), _idx(labels, (), most_rows)
    if len(pixels) != len(numbers):
        raise DataError(
            what,
            got=f"{len(pixels)} images and {len(numbers)} labels",
            expected="as many labels as images",
            next_step="fetch both files again",
        )
    return split_of_arrays(pixels, numbers)


def _idx(path: Path, row: tuple[int, ...], most_rows: int) -> np.ndarray:
    """The array of an idx file of unsigned bytes: magic 0 0 8 d, d big-endian lengths, then the bytes.

    row: the shape behind the first dimension. Only as many bytes are read (and unpacked) as such a header allows.
    """
    magic, shape, data = _parts(path, 1 + len(row), most_rows * math.prod(row))
    strange = shape[1:] != row or shape[0] > most_rows
    if magic != bytes((0, 0, _UNSIGNED_BYTE, len(shape))) or strange or len(data) != math.prod(shape):
        raise DataError(
            f"idx file {path}",
            got=f"magic {magic.hex()}, shape {shape}, {len(data)} bytes of data or more",
            expected=f"magic 0000080{len(shape)}, a shape (n, {str(row)[1:-1]}) with n up to {most_rows} and as many "
            "bytes as the shape says",
            next_step="fetch the file again; it is truncated or another one",
        )
    return np.frombuffer(data, np.uint8).reshape(shape)


def _parts(path: Path, dimensions: int, most: int) -> tuple[bytes, tuple[int, ...], bytes]:
    """Magic, shape, and of the data at most one byte more than the header says or the largest file has."""
    packed = path.with_name(path.name + ".gz")
    try:
        with open(regular(path), "rb") if path.exists() else gzip.open(regular(packed)) as file:
            magic, lengths = file.read(4), file.read(4 * dimensions)
            shape = tuple(np.frombuffer(lengths.ljust(4 * dimensions, b"\0"), ">u4").tolist())
            return magic, shape, file.read(min(math.prod(shape), most) + 1)
    except (OSError, EOFError, zlib.error) as error:
        raise DataError(
            f"idx file {path}",
            got=f"{type(error).__name__}: {error}",
            expected=f"that file or {packed.name}, whole",
            next_step="fetch it again",
        ) from error
