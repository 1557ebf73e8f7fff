"""Reading what our own rules wrote: small JSON, csv and npz files, each whole and with what was asked for, or refused.

Imports no pandas and, but for npz, no numpy.
"""

from __future__ import annotations

import csv
import json
import math
import os
from collections import Counter
from collections.abc import Collection, Iterable, Mapping
from itertools import product
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import numpy as np


class OwnFileError(ValueError):
    """A file of ours that is absent, damaged or not what was asked for."""

    def __init__(
        self,
        path: str | os.PathLike,
        *,
        got: object,
        expected: object,
        next_step: str = "delete it and run the same command again: its rule makes it anew",
    ):
        super().__init__(f"{path}: got {got}, expected {expected}; {next_step}")


class NotFinite(OwnFileError):
    """Values that are NaN or infinite, in a file or about to be written to one."""


def read_json(path: str | os.PathLike, keys: Collection[str] = ()) -> dict:
    """The object in a JSON file, which has these keys. Raises OwnFileError, NotFinite for NaN or Infinity in it."""

    def refused(constant: str):
        raise NotFinite(path, got=f"the value {constant}", expected="finite numbers")

    try:
        found = json.loads(_text(path), parse_constant=refused)
    except OwnFileError:
        raise
    except (ValueError, RecursionError) as error:
        size = os.path.getsize(path)
        raise OwnFileError(path, got=f"{size} bytes that are no JSON ({error})", expected="a whole object") from error
    if not isinstance(found, dict):
        raise OwnFileError(path, got=f"a {type(found).__name__}", expected="an object")
    if absent := [key for key in keys if key not in found]:
        raise OwnFileError(path, got=f"the keys {_some(found)}", expected=f"also {_some(absent)}")
    return found


def read_csv(
    path: str | os.PathLike,
    columns: Collection[str] = (),
    *,
    numbers: Collection[str] = (),
    empty: Collection[str] = (),
) -> list[dict[str, str]]:
    """The rows of a csv file, all values as text.

    columns: must be there; so must `numbers`, whose values are finite, and in `empty` may be missing. Raises
    OwnFileError for another header, a row of another length or a file whose last line does not end; NotFinite.
    """
    text = read_text(path, "csv")
    try:
        header, *lines = csv.reader(text.splitlines(keepends=True), strict=True)
    except (csv.Error, ValueError) as error:
        raise OwnFileError(path, got=f"lines that are no csv ({error})", expected="a header and rows") from error
    if absent := [name for name in (*columns, *numbers) if name not in header]:
        raise OwnFileError(path, got=f"the columns {_some(header)}", expected=f"also {_some(absent)}")
    for number, line in enumerate(lines, start=2):
        if len(line) != len(header):
            raise OwnFileError(
                path, got=f"{len(line)} fields in line {number}", expected=f"{len(header)}, as in its header"
            )
    rows = [dict(zip(header, line, strict=True)) for line in lines]
    for name in numbers:
        _require_numbers(path, name, [row[name] for row in rows if row[name] or name not in empty])
    return rows


def read_npz(path: str | os.PathLike, arrays: Collection[str], *, others: bool = False) -> dict[str, np.ndarray]:
    """These arrays of an npz file, with `others` all of it; floats are finite. Raises OwnFileError, NotFinite."""
    import numpy as np

    try:
        with np.load(path, allow_pickle=False) as file:
            names = list(file.files)
            found = {name: file[name] for name in (names if others else arrays) if name in names}
    except FileNotFoundError as error:
        raise _absent(path) from error
    except Exception as error:  # damage may fail numpy's reader, and the zip file's, in any way
        size = os.path.getsize(path)
        raise OwnFileError(path, got=f"{size} bytes that are no npz ({error})", expected="a whole npz file") from error
    if absent := [name for name in arrays if name not in found]:
        raise OwnFileError(path, got=f"the arrays {_some(names)}", expected=f"also {_some(absent)}")
    for name, values in found.items():
        if values.dtype.kind == "f" and (bad := int(values.size - np.isfinite(values).sum())):
            raise NotFinite(path, got=f"{bad} of {values.size} values of {name} not finite", expected="none")
    return found


def require_combinations(
    path: str | os.PathLike, found: Iterable[tuple], asked: Mapping[str, Collection], **told: str
) -> None:
    """Raise OwnFileError unless `found`, a tuple per row, is every combination of the values asked for, once each.

    asked: what the places of a tuple mean -> its values, as the configuration asks for them. told: of OwnFileError.
    """
    known, wanted = Counter(found), Counter(product(*asked.values()))
    if known == wanted:
        return
    faults = {
        "absent": [row for row in wanted if row not in known],
        "not asked for": [row for row in known if row not in wanted],
        "more than once": [row for row, count in known.items() if count > 1],
    }
    named = ", ".join(
        f"{what}: {_some(' '.join(map(str, row)) for row in rows)}" for what, rows in faults.items() if rows
    )
    counts = " x ".join(f"{len(values)} {name}" for name, values in asked.items())
    raise OwnFileError(path, got=f"{known.total()} rows ({named})", expected=f"{wanted.total()} rows, {counts}", **told)


def read_text(path: str | os.PathLike, kind: str) -> str:
    """The text of a file that ends with a line break. kind: csv, Markdown, ..., as a message says it.

    Raises OwnFileError.
    """
    text = _text(path)
    if not text.endswith("\n"):
        raise OwnFileError(
            path, got=f"{len(text)} characters without a final line break", expected=f"a whole {kind} file"
        )
    return text


def _text(path: str | os.PathLike) -> str:
    try:
        return Path(path).read_bytes().decode()
    except FileNotFoundError as error:
        raise _absent(path) from error
    except UnicodeDecodeError as error:
        raise OwnFileError(path, got=f"bytes that are no text ({error})", expected="UTF-8") from error


def _absent(path: str | os.PathLike) -> OwnFileError:
    return OwnFileError(
        path, got="no file", expected="what its rule writes", next_step="run the same command again: its rule makes it"
    )


def _require_numbers(path: str | os.PathLike, name: str, values: list[str]) -> None:
    bad = [value for value in values if not _is_finite(value)]
    if bad:
        raise NotFinite(
            path,
            got=f"{len(bad)} of {len(values)} values of {name} not finite ({_some(bad)})",
            expected="finite numbers",
        )


def _is_finite(text: str) -> bool:
    try:
        return math.isfinite(float(text))
    except ValueError:
        return False


def _some(names: Iterable[object], show: int = 5) -> str:
    """The first few, and how many more there are."""
    names = list(names)
    listed = ", ".join(repr(str(name))[:80] for name in names[:show])
    return listed if len(names) <= show else f"{listed} and {len(names) - show} more"
