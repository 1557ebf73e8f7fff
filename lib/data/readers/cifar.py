"""CIFAR-10 and CIFAR-100 in the batches that torchvision keeps, the version for Python.

They are pickles: what they may name is three parts of numpy, and nothing else of a file is carried out.
"""

from __future__ import annotations

import pickle
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from lib.data.raw_task import RawSplit
from lib.data.readers.checks import check_names
from lib.data.readers.errors import DataError
from lib.data.readers.images import split_of_arrays
from lib.data.readers.regular_files import regular
from lib.data.tasks import Task

_MOST_BYTES = 2**28  # the largest has 155 million
_SIDE = 32


@dataclass(frozen=True)
class _Layout:
    """Folder, files of each split, and the file of class names; keys of labels and names in them."""

    folder: str
    train: Sequence[str]
    test: str
    meta: str
    labels: bytes
    names: bytes


_LAYOUTS = {
    "cifar10": _Layout(
        "cifar-10-batches-py",
        tuple(f"data_batch_{number}" for number in range(1, 6)),
        "test_batch",
        "batches.meta",
        b"labels",
        b"label_names",
    ),
    "cifar100": _Layout("cifar-100-python", ("train",), "test", "meta", b"fine_labels", b"fine_label_names"),
}


def read(task: Task, home: Path) -> dict[str, RawSplit]:
    """Train and test in the batches' order. Raises DataError for absent or damaged files and for other class names."""
    layout = _LAYOUTS[task.name]
    place = home / layout.folder
    names = _mapping(place / layout.meta).get(layout.names, ())
    decoded = [name.decode("utf-8", "replace") if isinstance(name, bytes) else str(name) for name in names]
    check_names(f"{task.title}: {place / layout.meta}", decoded, task)
    return {
        "train": _split([place / name for name in layout.train], layout.labels),
        "test": _split([place / layout.test], layout.labels),
    }


def _split(files: Sequence[Path], key: bytes) -> RawSplit:
    batches = [_batch(file, key) for file in files]
    images = np.concatenate([images for images, _ in batches])
    return split_of_arrays(images, np.concatenate([labels for _, labels in batches]))


def _batch(file: Path, key: bytes) -> tuple[np.ndarray, np.ndarray]:
    """UInt8[n, 32, 32, 3] and Int64[n] of one batch, whose rows are the planes of red, green and blue."""
    found = _mapping(file)
    data, labels = found.get(b"data"), found.get(key)
    whole = isinstance(data, np.ndarray) and data.dtype == np.uint8 and isinstance(labels, list)
    if not whole or data.shape != (len(labels), 3 * _SIDE**2) or not all(type(label) is int for label in labels):
        raise DataError(
            f"CIFAR: {file}",
            got=f"data {getattr(data, 'shape', type(data).__name__)}, labels {type(labels).__name__}",
            expected=f"data (n, {3 * _SIDE**2}) of bytes, and n whole numbers under {key.decode()}",
            next_step="unpack the archive of the version for Python again",
        )
    return data.reshape(-1, 3, _SIDE, _SIDE).transpose(0, 2, 3, 1).copy(), np.asarray(labels, np.int64)


def _mapping(file: Path) -> dict:
    try:
        if regular(file).stat().st_size > _MOST_BYTES:
            raise ValueError(f"{file.stat().st_size} bytes")
        with open(file, "rb") as opened:
            found = _Arrays(opened, encoding="bytes").load()
        if not isinstance(found, dict):
            raise ValueError(f"a {type(found).__name__}")
        return found
    except Exception as error:  # a damaged pickle may fail in any way
        raise DataError(
            f"CIFAR: {file}",
            got=f"{type(error).__name__}: {error}",
            expected=f"a pickled mapping of arrays and lists, at most {_MOST_BYTES} bytes",
            next_step="fetch the archive of the version for Python (cifar-10-python.tar.gz, cifar-100-python.tar.gz) "
            "and unpack it there",
        ) from error


class _Arrays(pickle.Unpickler):
    """Builds arrays, and calls nothing but what an array is made of."""

    def find_class(self, module: str, name: str):
        if module in ("numpy.core.multiarray", "numpy._core.multiarray") and name == "_reconstruct":
            return np.empty(0).__reduce__()[0]
        if module == "numpy" and name in ("ndarray", "dtype"):
            return getattr(np, name)
        raise pickle.UnpicklingError(f"it names {module}.{name}; nothing was run")
