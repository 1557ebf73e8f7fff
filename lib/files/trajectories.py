"""What training wide networks, their linearizations and the closed form went through, in one npz file."""

from __future__ import annotations

import os
from dataclasses import dataclass, fields

import numpy as np

from lib.files import atomic
from lib.files.own_files import OwnFileError, read_npz

KINDS = ("network", "linearized", "closed form")


@dataclass(frozen=True)
class Trajectories:
    """Of w widths and s seeds, each in the three KINDS, at r recorded steps.

    widths Int64[w], seeds Int64[s], steps Int64[r], rising from 0; rows Int64[n] and rows_test Int64[m]: which images;
    y Float64[n], y_test Float64[m]: 1 and -1. outputs: Float32[w, s, 3, r, n]; outputs_test: Float32[w, s, 3, r, m];
    weights: Float32[w, s, 3, r, k], of some single weights.
    """

    widths: np.ndarray
    seeds: np.ndarray
    steps: np.ndarray
    rows: np.ndarray
    rows_test: np.ndarray
    y: np.ndarray
    y_test: np.ndarray
    outputs: np.ndarray
    outputs_test: np.ndarray
    weights: np.ndarray


def write(path: str | os.PathLike, found: Trajectories) -> None:
    """Write them, whole or not at all; the same ones give the same bytes."""
    with atomic.whole(path) as temporary:
        np.savez(temporary, **{field.name: getattr(found, field.name) for field in fields(found)})


def read(path: str | os.PathLike) -> Trajectories:
    """Trajectories as they were written. Raises OwnFileError for a file that is damaged in any way."""
    arrays = read_npz(path, [field.name for field in fields(Trajectories)])
    told = {name: f"{values.dtype.kind}{list(values.shape)}" for name, values in arrays.items()}
    w, s, r, n, m = (arrays[name].size for name in ("widths", "seeds", "steps", "rows", "rows_test"))
    k = arrays["weights"].shape[-1] if arrays["weights"].ndim else 0
    expected = {"widths": f"i[{w}]", "seeds": f"i[{s}]", "steps": f"i[{r}]", "rows": f"i[{n}]", "rows_test": f"i[{m}]"}
    expected |= {"y": f"f[{n}]", "y_test": f"f[{m}]"}
    sizes = {"outputs": n, "outputs_test": m, "weights": k}
    expected |= {name: f"f[{w}, {s}, {len(KINDS)}, {r}, {size}]" for name, size in sizes.items()}
    if told != expected or not (w and s and r and n and m and k):
        raise OwnFileError(path, got=f"the arrays {told}", expected=f"{expected}, none of them empty")
    return Trajectories(**arrays)
