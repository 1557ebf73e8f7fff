"""How far each task vector of a run moves the embedding of each image, squared, in one npz file.

The means over images are in a small file beside it; these are for what looks at images one by one, such as a bootstrap.
"""

from __future__ import annotations

import os
from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np

from lib.files import atomic
from lib.files.own_files import NotFinite, OwnFileError, read_npz

_ARRAYS = ("model", "seed", "mode", "tasks", "n", "lengths")


@dataclass(frozen=True)
class SquaredLengths:
    """of: task -> Float32[t, n], |J(x) tau|^2 of the t task vectors, in the order of the tasks, on n of its images."""

    model: str
    seed: int
    mode: str
    of: Mapping[str, np.ndarray]

    @property
    def tasks(self) -> list[str]:
        return list(self.of)


def write(path: str | os.PathLike, found: SquaredLengths) -> None:
    """Write them, whole or not at all; the same ones give the same bytes.

    Raises NotFinite, and writes nothing, for a length that is NaN or infinite.
    """
    lengths = np.concatenate(list(found.of.values()), axis=1)
    if bad := int((~np.isfinite(lengths)).sum()):
        raise NotFinite(
            path,
            got=f"{bad} of {lengths.size} squared lengths that are not finite",
            expected="none",
            next_step="nothing was written; likely cause: a task vector of a fine-tuning that diverged; look at its "
            "training log",
        )
    own = {"model": found.model, "seed": found.seed, "mode": found.mode, "tasks": found.tasks}
    own |= {"n": [values.shape[1] for values in found.of.values()], "lengths": lengths}
    with atomic.whole(path) as temporary:
        np.savez(temporary, **{name: np.asarray(own[name]) for name in _ARRAYS})


def read(path: str | os.PathLike) -> SquaredLengths:
    """Squared lengths as they were written. Raises OwnFileError for a file that is damaged in any way."""
    arrays = read_npz(path, _ARRAYS)
    told = {name: f"{values.dtype.kind}{list(values.shape)}" for name, values in arrays.items()}
    tasks, n = arrays["tasks"].size, arrays["n"]
    images = int(n.sum()) if n.dtype.kind == "i" else 0
    expected = {"model": "U[]", "seed": "i[]", "mode": "U[]", "tasks": f"U[{tasks}]", "n": f"i[{tasks}]"}
    expected["lengths"] = f"f[{tasks}, {images}]"
    if told != expected or not tasks or n.min() < 1:
        raise OwnFileError(path, got=f"the arrays {told}", expected=f"{expected}, an image of each task at least")
    if below := int((arrays["lengths"] < 0).sum()):
        raise OwnFileError(path, got=f"{below} negative squared lengths", expected="none")
    parts = np.split(arrays["lengths"], np.cumsum(n)[:-1], axis=1)
    of = dict(zip(arrays["tasks"].tolist(), parts, strict=True))
    return SquaredLengths(str(arrays["model"]), int(arrays["seed"]), str(arrays["mode"]), of)
