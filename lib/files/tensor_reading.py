"""A safetensors file as a mapping that reads a tensor when it is asked for: many files open, little in memory."""

from __future__ import annotations

import os
from collections.abc import Iterator, Mapping

import numpy as np
from safetensors import safe_open

from lib.files import checkpoints
from lib.files.own_files import NotFinite


class TensorsOnDisk(Mapping):
    """Names to numpy arrays, each read anew. Raises CheckpointError for a file that is missing or damaged.

    An array with values that are NaN or infinite raises NotFinite when it is read.
    """

    def __init__(self, path: str | os.PathLike):
        checkpoints.metadata(path)  # raises in words
        self._path = path
        self._file = safe_open(str(path), framework="np")
        self._names = list(self._file.keys())

    def __getitem__(self, name: str) -> np.ndarray:
        found = self._file.get_tensor(name)
        if bad := int(found.size - np.isfinite(found).sum()):
            raise NotFinite(self._path, got=f"{bad} of {found.size} values of {name!r} not finite", expected="none")
        return found

    def __iter__(self) -> Iterator[str]:
        return iter(self._names)

    def __len__(self) -> int:
        return len(self._names)
