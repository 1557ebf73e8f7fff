"""What disentanglement finds on each image of a pair's two tasks, on a grid of two coefficients, in one npz file.

Whether two models' predictions differ takes a bit. The means over images are in a small file beside it; these are for
what looks at images one by one, such as a bootstrap.
"""

from __future__ import annotations

import os
from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np

from lib.files import atomic
from lib.files.own_files import NotFinite, OwnFileError, read_npz

_HALVES = ("a", "b")
_OF_WHAT = ("model", "seed", "mode", "pair", "alphas", "n")
_ARRAYS = (*_OF_WHAT, *(f"{kind}_{half}" for half in _HALVES for kind in ("differs", "distance")))


@dataclass(frozen=True)
class Outcomes:
    """Of one pair: joint models against those of one task alone, at alphas Float64[g], for its two tasks in turn.

    differs: Bool[g, g, n_t], whether the predictions differ; distance: Float32[g, g, n_t], 1 - cosine of the
    embeddings, in [0, 2]. Axes (a1, a2, image).
    """

    model: str
    seed: int
    mode: str
    pair: tuple[str, str]
    alphas: np.ndarray
    differs: tuple[np.ndarray, np.ndarray]
    distance: tuple[np.ndarray, np.ndarray]


def write(path: str | os.PathLike, found: Outcomes) -> None:
    """Write outcomes, whole or not at all; the same ones give the same bytes.

    Raises NotFinite, and writes nothing, for a distance that is NaN or infinite.
    """
    if bad := [int((~np.isfinite(values)).sum()) for values in found.distance if not np.isfinite(values).all()]:
        raise NotFinite(
            path,
            got=f"{sum(bad)} distances that are not finite",
            expected="none",
            next_step="nothing was written; likely cause: embeddings overflow far from theta_0; take a smaller range "
            "of disentanglement.alphas",
        )
    arrays = {"model": found.model, "seed": found.seed, "mode": found.mode, "pair": found.pair, "alphas": found.alphas}
    arrays["n"] = [values.shape[-1] for values in found.differs]
    for half, differs, distance in zip(_HALVES, found.differs, found.distance, strict=True):
        arrays |= {f"differs_{half}": np.packbits(differs, axis=-1), f"distance_{half}": distance}
    with atomic.whole(path) as temporary:
        np.savez(temporary, **{name: np.asarray(values) for name, values in arrays.items()})


def read(path: str | os.PathLike) -> Outcomes:
    """Outcomes as they were written. Raises OwnFileError for a file that is damaged in any way."""
    arrays = read_npz(path, _ARRAYS)
    _require_shapes(path, arrays)
    differs, distance = [], []
    for half, n in zip(_HALVES, arrays["n"].tolist(), strict=True):
        differs.append(np.unpackbits(arrays[f"differs_{half}"], axis=-1, count=n).astype(bool))
        distance.append(arrays[f"distance_{half}"])
        if outside := int(((distance[-1] < 0) | (distance[-1] > 2)).sum()):
            raise OwnFileError(
                path, got=f"{outside} of {distance[-1].size} values of distance_{half} outside", expected="0 to 2"
            )
    key = str(arrays["model"]), int(arrays["seed"]), str(arrays["mode"]), tuple(arrays["pair"].tolist())
    return Outcomes(*key, arrays["alphas"], tuple(differs), tuple(distance))


def stored_bytes(points: int, images: Mapping[str, int]) -> int:
    """Bytes of one pair's outcomes. images: task -> number of images."""
    return sum(points**2 * (4 * n + -(-n // 8)) for n in images.values())


def _require_shapes(path: str | os.PathLike, arrays: Mapping[str, np.ndarray]) -> None:
    told = {name: f"{values.dtype.kind}{list(values.shape)}" for name, values in arrays.items()}
    g = arrays["alphas"].size
    n = arrays["n"].tolist() if arrays["n"].dtype.kind == "i" and arrays["n"].shape == (2,) else [0, 0]
    expected = {"model": "U[]", "seed": "i[]", "mode": "U[]", "pair": "U[2]", "alphas": f"f[{g}]", "n": "i[2]"}
    for half, count in zip(_HALVES, n, strict=True):
        expected |= {f"differs_{half}": f"u[{g}, {g}, {-(-count // 8)}]", f"distance_{half}": f"f[{g}, {g}, {count}]"}
    if told != expected or not g or min(n) < 1 or any(arrays[f"differs_{half}"].dtype != "u1" for half in _HALVES):
        raise OwnFileError(path, got=f"the arrays {told}", expected=f"{expected}, each of one image at least")
