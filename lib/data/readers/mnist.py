"""MNIST's four idx files, packed or not, where torchvision puts them."""

from __future__ import annotations

import gzip
import zlib
from pathlib import Path

import numpy as np

from lib.data.raw_task import RawSplit
from lib.data.readers.errors import DataError
from lib.data.readers.images import split_of_arrays
from lib.data.tasks import Task

_UNSIGNED_BYTE = 8


def read(task: Task, home: Path) -> dict[str, RawSplit]:
    """Train and test in the files' order. Raises DataError for absent, truncated or other files."""
    return {split: _split(home, prefix) for split, prefix in (("train", "train"), ("test", "t10k"))}


def _split(home: Path, prefix: str) -> RawSplit:
    images = _idx(home / f"{prefix}-images-idx3-ubyte", dimensions=3)
    labels = _idx(home / f"{prefix}-labels-idx1-ubyte", dimensions=1)
    if len(images) != len(labels):
        raise DataError(
            f"MNIST: {prefix} files in {home}",
            got=f"{len(images)} images and {len(labels)} labels",
            expected="as many labels as images",
            next_step="fetch both files again",
        )
    return split_of_arrays(images, labels)


def _idx(path: Path, *, dimensions: int) -> np.ndarray:
    """The array of an idx file of unsigned bytes: magic 0 0 8 d, d big-endian lengths, then the bytes."""
    data = _bytes(path)
    header = 4 + 4 * dimensions
    shape = tuple(np.frombuffer(data[4:header].ljust(header - 4, b"\0"), ">u4").tolist())
    if data[:4] != bytes((0, 0, _UNSIGNED_BYTE, dimensions)) or len(data) - header != int(np.prod(shape)):
        raise DataError(
            f"idx file {path}",
            got=f"magic {data[:4].hex()}, shape {shape}, {len(data) - header} bytes of data",
            expected=f"magic 0000080{dimensions} and as many bytes as the shape says",
            next_step="fetch the file again; it is truncated or another one",
        )
    return np.frombuffer(data, np.uint8, offset=header).reshape(shape)


def _bytes(path: Path) -> bytes:
    packed = path.with_name(path.name + ".gz")
    try:
        return path.read_bytes() if path.exists() else gzip.decompress(packed.read_bytes())
    except (OSError, EOFError, zlib.error) as error:
        raise DataError(
            f"idx file {path}",
            got=f"{type(error).__name__}: {error}",
            expected=f"that file or {packed.name}, whole",
            next_step="fetch it again",
        ) from error
