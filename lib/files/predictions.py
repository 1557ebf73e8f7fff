"""Predicted classes of many models on many images: a few bits each, in one npz file."""

from __future__ import annotations

import os
from collections.abc import Mapping
from typing import TYPE_CHECKING

import numpy as np

from lib.files import atomic
from lib.files.own_files import OwnFileError, read_npz

if TYPE_CHECKING:
    from torch import Tensor

_COUNTS = ("rows", "images", "classes")
_ARRAYS = ("tasks", "splits", *_COUNTS, "packed")


def write(
    path: str | os.PathLike,
    found: Mapping[tuple[str, str], np.ndarray | Tensor],
    classes: Mapping[str, int],
    identity: Mapping[str, object],
) -> None:
    """Write predictions, ceil(log2 C) bits each, whole or not at all; the same ones give the same bytes.

    found: (task, split) -> Int64[k, n], a row per model, a column per image in the split's order; classes: task -> C.
    identity: whose they are (model, seed, mode, ...), written beside them; values of None are left out. Raises
    OwnFileError, and writes nothing, for a prediction outside [0, C).
    """
    entries = {key: np.asarray(values) for key, values in found.items()}
    for (task, split), values in entries.items():
        if values.ndim != 2 or (values.size and not 0 <= values.min() <= values.max() < classes[task]):
            raise OwnFileError(
                path,
                got=f"predictions of {task} {split} of the shape {values.shape}, {values.min()} to {values.max()}",
                expected=f"a row per model, a column per image, classes from 0 to {classes[task] - 1}",
                next_step="nothing was written; likely cause: a head of another task",
            )
    packed = [_pack(values, classes[task]) for (task, _), values in entries.items()]
    with atomic.whole(path) as temporary:
        np.savez(
            temporary,
            tasks=np.array([task for task, _ in entries]),
            splits=np.array([split for _, split in entries]),
            rows=np.array([len(values) for values in entries.values()], np.int64),
            images=np.array([values.shape[1] for values in entries.values()], np.int64),
            classes=np.array([classes[task] for task, _ in entries], np.int64),
            packed=np.concatenate(packed),
            **{key: np.array(value) for key, value in identity.items() if value is not None},
        )


def read(path: str | os.PathLike) -> dict[tuple[str, str], np.ndarray]:
    """(task, split) -> Int64[k, n], as they were written. Raises OwnFileError for a file that is damaged in any way."""
    arrays = read_npz(path, _ARRAYS)
    _require_entries(path, arrays)
    found, start = {}, 0
    for task, split, *counts in zip(*(arrays[name].tolist() for name in _ARRAYS[:-1]), strict=True):
        stop = start + packed_bytes(*counts)
        found[task, split] = _unpack(path, arrays["packed"][start:stop], *counts)
        start = stop
    return found


def read_identity(path: str | os.PathLike) -> dict[str, object]:
    """Whose predictions these are: what `write` was told, but for None. Raises OwnFileError."""
    arrays = read_npz(path, _ARRAYS, others=True)
    return {name: values.item() for name, values in arrays.items() if name not in _ARRAYS and values.size == 1}


def bits(classes: int) -> int:
    """Bits of a prediction among C classes: ceil(log2 C), and 1 for a single class."""
    return max(classes - 1, 1).bit_length()


def packed_bytes(rows: int, images: int, classes: int) -> int:
    """Bytes of the predictions of `rows` models on a split: ceil(rows images bits / 8)."""
    return -(-rows * images * bits(classes) // 8)


def _pack(values: np.ndarray, classes: int) -> np.ndarray:
    """UInt8: all values row by row, each with its highest bit first; zeros fill the last byte."""
    return np.packbits((values.reshape(-1, 1) >> _places(classes)).astype(np.uint8) & 1)


def _unpack(path: str | os.PathLike, packed: np.ndarray, rows: int, images: int, classes: int) -> np.ndarray:
    held = np.unpackbits(packed)
    count = rows * images * bits(classes)
    values = held[:count].reshape(rows, images, -1) @ (np.int64(1) << _places(classes))
    if held[count:].any() or values.max() >= classes:
        raise OwnFileError(path, got=f"the class {values.max()}", expected=f"0 to {classes - 1}, and zeros behind them")
    return values


def _places(classes: int) -> np.ndarray:
    return np.arange(bits(classes), dtype=np.int64)[::-1]


def _require_entries(path: str | os.PathLike, arrays: Mapping[str, np.ndarray]) -> None:
    """Entries that are told once each, with counts from 1, whose bytes are those that the file holds."""
    kinds = {name: f"{values.dtype.kind}{values.ndim}" for name, values in arrays.items()}
    expected = dict(zip(_ARRAYS, ["U1", "U1", "i1", "i1", "i1", "u1"], strict=True))
    if kinds != expected or len({len(arrays[name]) for name in _ARRAYS[:-1]}) != 1:
        shapes = {name: f"{values.dtype}{list(values.shape)}" for name, values in arrays.items()}
        raise OwnFileError(path, got=f"the arrays {shapes}", expected="text and counts of each entry, and their bits")
    entries = list(zip(arrays["tasks"].tolist(), arrays["splits"].tolist(), strict=True))
    counts = list(zip(*(arrays[name].tolist() for name in _COUNTS), strict=True))
    if len(set(entries)) != len(entries) or any(value < 1 for row in counts for value in row):
        told = [*zip(entries, counts, strict=True)]
        raise OwnFileError(path, got=f"the entries {str(told)[:200]}", expected="each once, with counts from 1")
    size = sum(packed_bytes(*row) for row in counts)
    if arrays["packed"].dtype != np.uint8 or size != len(arrays["packed"]):
        raise OwnFileError(
            path, got=f"{arrays['packed'].nbytes} bytes of predictions", expected=f"{size}, as its counts say"
        )
