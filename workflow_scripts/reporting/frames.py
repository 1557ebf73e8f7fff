"""Rows of several files as one frame, and grids by what they say of themselves."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pandas as pd

_NAMES = ("model", "mode", "task", "rule", "split")  # text, even where it reads like a number or like NaN
_KINDS = {"seed": "Int64", **dict.fromkeys(_NAMES, "str")}


def read(paths: Sequence[str | Path]) -> pd.DataFrame:
    """The rows of csv files, which carry their own identity (model, seed, mode, ...), as one frame."""
    frames = [pd.read_csv(path, dtype=_KINDS, keep_default_na=False, na_values=[""]) for path in paths]
    return pd.concat([frame for frame in frames if len(frame)] or frames[:1], ignore_index=True)


@dataclass(frozen=True)
class Grid:
    """xi of one pair of tasks: alphas Float64[g], xi Float64[g, g] with axes (a1, a2)."""

    model: str
    seed: int
    mode: str
    pair: str
    alphas: np.ndarray
    xi: np.ndarray


def grids(paths: Sequence[str | Path]) -> Iterator[Grid]:
    """The grids in npz files, whose arrays say what they are of."""
    for path in paths:
        with np.load(path) as file:
            pair = "--".join(file["pair"].tolist())
            key = str(file["model"]), int(file["seed"]), str(file["mode"]), pair
            yield Grid(*key, file["alphas"], file["error_a"] + file["error_b"])
