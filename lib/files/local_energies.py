"""Local energies of a kernel's eigenfunctions, and what they rest on, in one npz file."""

from __future__ import annotations

import os
from dataclasses import dataclass, fields

import numpy as np

from lib.files import atomic
from lib.files.own_files import OwnFileError, read_npz


@dataclass(frozen=True)
class LocalEnergies:
    """Of a model's kernels, one for each of d logits, between n points of a task and these and m of a control task.

    rows_task Int64[n], rows_control Int64[m]: which images of fit. values: Float64[d, n], singular values. energy:
    Float64[c, d, n + m] at each of the cut-offs Float64[c], the task's points first; rank: Int64[c, d].
    """

    model: str
    task: str
    control: str
    rows_task: np.ndarray
    rows_control: np.ndarray
    cut_offs: np.ndarray
    values: np.ndarray
    energy: np.ndarray
    rank: np.ndarray

    @property
    def own(self) -> np.ndarray:
        """Bool[n + m]: the task's points."""
        return np.arange(self.energy.shape[-1]) < len(self.rows_task)


def write(path: str | os.PathLike, found: LocalEnergies) -> None:
    """Write them, whole or not at all; the same ones give the same bytes."""
    with atomic.whole(path) as temporary:
        np.savez(temporary, **{field.name: np.asarray(getattr(found, field.name)) for field in fields(found)})


def read(path: str | os.PathLike) -> LocalEnergies:
    """Local energies as they were written. Raises OwnFileError for a file that is damaged in any way."""
    arrays = read_npz(path, [field.name for field in fields(LocalEnergies)])
    _require_shapes(path, arrays)
    names = {name: str(arrays[name]) for name in ("model", "task", "control")}
    return LocalEnergies(**{**arrays, **names})


def _require_shapes(path: str | os.PathLike, arrays: dict[str, np.ndarray]) -> None:
    told = {name: f"{values.dtype.kind}{list(values.shape)}" for name, values in arrays.items()}
    n, m, c = (arrays[name].size for name in ("rows_task", "rows_control", "cut_offs"))
    d = arrays["rank"].shape[-1] if arrays["rank"].ndim else 0
    expected = dict.fromkeys(("model", "task", "control"), "U[]") | {
        "rows_task": f"i[{n}]",
        "rows_control": f"i[{m}]",
        "cut_offs": f"f[{c}]",
        "values": f"f[{d}, {n}]",
        "energy": f"f[{c}, {d}, {n + m}]",
        "rank": f"i[{c}, {d}]",
    }
    if told != expected or not (n and m and c and d):
        raise OwnFileError(path, got=f"the arrays {told}", expected=f"{expected}, none of them empty")
