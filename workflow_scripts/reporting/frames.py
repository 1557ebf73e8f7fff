"""Rows of several files as one frame, and grids by what they say of themselves."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pandas as pd

from lib.files import own_files
from lib.files.own_files import OwnFileError
from lib.reporting.labels import IDENTITY, KEYS, METHOD, RULE

# text, even where it reads like a number or like NaN
_NAMES = (*(name for name in IDENTITY if name not in ("seed", "size", "cut_off", "width")), "subset", "vector")
_KINDS = {"seed": "Int64", **dict.fromkeys(_NAMES, "str")}
# the arrays of a grid, and the greatest value that each can have
GREATEST = {"error_a": 1, "error_b": 1, "representation_a": 2, "representation_b": 2}
Asked = Callable[[pd.DataFrame], Mapping[str, Sequence]]  # rows of one model, seed, mode, rule -> column -> its values


def read(
    paths: Sequence[str | Path],
    numbers: Sequence[str] = (),
    *,
    empty: Sequence[str] = (),
    asked: Asked | None = None,
    identity: Sequence[str] = KEYS,
) -> pd.DataFrame:
    """The rows of csv files, which carry their own identity (model, seed, mode, ...), as one frame.

    numbers, empty: see `own_files.read_csv`. asked: each file has every combination of these values, for each model,
    seed, mode and rule in it. identity: the columns that say whose rows they are. Raises OwnFileError.
    """
    found = {path: _frame(path, numbers, empty, identity) for path in paths}
    for path, frame in found.items():
        if asked is not None:
            require_rows(path, frame, asked)
    return joined(found)


def each(
    paths: Sequence[str | Path], numbers: Sequence[str] = (), *, empty: Sequence[str] = ()
) -> dict[str | Path, pd.DataFrame]:
    """Path -> rows, as `read`."""
    return {path: _frame(path, numbers, empty, KEYS) for path in paths}


def joined(found: Mapping[str | Path, pd.DataFrame]) -> pd.DataFrame:
    """All rows as one frame."""
    frames = list(found.values())
    return pd.concat([frame for frame in frames if len(frame)] or frames[:1], ignore_index=True)


def require_rows(path: str | Path, frame: pd.DataFrame, asked: Asked, **told: str) -> None:
    """Raise OwnFileError unless there are rows, and of each model, seed, mode, rule, method every combination, once."""
    if frame.empty:
        raise OwnFileError(path, got="no rows", expected="some")
    keys = [*KEYS, *(name for name in (RULE, METHOD) if name in frame)]
    for _, rows in frame.groupby(keys, sort=False, dropna=False):
        values = asked(rows)
        if absent := [name for name in values if name not in rows]:
            raise OwnFileError(path, got=f"the columns {list(rows)}", expected=f"also {absent}")
        found = zip(*(rows[name].tolist() for name in values), strict=True)
        own_files.require_combinations(path, found, values, **told)


def _frame(path: str | Path, numbers: Sequence[str], empty: Sequence[str], identity: Sequence[str]) -> pd.DataFrame:
    own_files.read_csv(path, identity, numbers=numbers, empty=empty)
    try:
        return pd.read_csv(path, dtype=_KINDS, keep_default_na=False, na_values=[""])
    except (ValueError, TypeError) as error:
        raise OwnFileError(path, got=f"values of another kind ({error})", expected="rows of a table") from error


@dataclass(frozen=True)
class Grid:
    """xi of one pair of tasks: alphas Float64[g], xi Float64[g, g] with axes (a1, a2); of predictions, and of the
    representation.
    """

    model: str
    seed: int
    mode: str
    pair: str
    alphas: np.ndarray
    xi: np.ndarray
    representation: np.ndarray


def grids(paths: Sequence[str | Path]) -> Iterator[Grid]:
    """The grids in npz files, whose arrays say what they are of.

    Raises OwnFileError unless all are of the same alphas, and there is one for every model, seed, mode and pair.
    """
    found = [(path, _grid(path)) for path in paths]
    for path, grid in found:
        first, known = found[0]
        if not np.array_equal(grid.alphas, known.alphas):
            raise OwnFileError(path, got=f"alphas {grid.alphas.tolist()}", expected=f"those of {first}")
    keys = [(grid.model, grid.seed, grid.mode, grid.pair) for _, grid in found]
    require_product([path for path, _ in found], keys, ("model", "seed", "mode", "pair"))
    yield from (grid for _, grid in found)


def require_product(
    paths: Sequence[str | Path],
    found: Iterable[tuple],
    names: Sequence[str],
    known: Mapping[str, Sequence] | None = None,
) -> None:
    """Raise OwnFileError unless what files are of is every combination of what occurs, once each.

    known: name -> values that must occur.
    """
    if not paths:  # of a run without pairs
        return
    rows = list(found)
    occurring = {name: list(dict.fromkeys(row[i] for row in rows)) for i, name in enumerate(names)}
    several = {"next_step": "delete those that are not their own and run the same command again"}
    told = several if len(paths) > 1 else {}
    own_files.require_combinations(together(paths), rows, occurring | dict(known or {}), **told)


def together(paths: Sequence[str | Path]) -> str:
    """Several files, as a message names them."""
    return str(paths[0]) if len(paths) == 1 else f"{paths[0]} and {len(paths) - 1} files like it"


def _grid(path: str | Path) -> Grid:
    arrays = own_files.read_npz(path, ("model", "seed", "mode", "pair", "alphas", *GREATEST))
    alphas = arrays["alphas"]
    shapes = {name: values.shape for name, values in arrays.items()}
    g = alphas.size
    expected = {"model": (), "seed": (), "mode": (), "pair": (2,), "alphas": (g,), **dict.fromkeys(GREATEST, (g, g))}
    if shapes != expected or not g or arrays["seed"].dtype.kind not in "iu":
        raise OwnFileError(path, got=f"the shapes {shapes}", expected=f"{expected} and a whole number as seed")
    if (np.diff(alphas) <= 0).any():
        raise OwnFileError(path, got=f"alphas {alphas.tolist()}", expected="ascending ones")
    for name, greatest in GREATEST.items():
        if outside := int(((arrays[name] < 0) | (arrays[name] > greatest)).sum()):
            raise OwnFileError(path, got=f"{outside} of {g * g} values of {name} outside", expected=f"0 to {greatest}")
    key = str(arrays["model"]), int(arrays["seed"]), str(arrays["mode"]), "--".join(arrays["pair"].tolist())
    return Grid(*key, alphas, *(arrays[f"{kind}_a"] + arrays[f"{kind}_b"] for kind in ("error", "representation")))
