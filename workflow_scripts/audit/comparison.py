"""A file that was made again against the one of the run: equal to the byte, or the cells that differ."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pandas as pd

from lib.reporting.labels import IDENTITY
from workflow_scripts.audit.run import Fault, Run


def same_bytes(run: Run, file: str, again: Path) -> Iterator[Fault]:
    """A fault, or one for each cell of a table that differs, unless both files hold the same bytes."""
    there = run.path(file)
    if not there.is_file():
        yield Fault(file, "absent; run the same command again")
    elif there.read_bytes() != again.read_bytes():
        cells = list(_cells(there, again)) if file.endswith(".csv") else []
        yield from (Fault(file, cell) for cell in cells[:20])
        if not cells:
            yield Fault(file, "is not what the results give; delete it and run the same command again")


def _cells(there: Path, again: Path) -> Iterator[str]:
    """The cells of a table that differ."""
    try:
        told, expected = pd.read_csv(there, dtype=str), pd.read_csv(again, dtype=str)
    except ValueError:
        return
    if list(told) != list(expected) or len(told) != len(expected):
        yield f"has {len(told)} rows of {list(told)}, the results give {len(expected)} of {list(expected)}"
        return
    keys = [key for key in IDENTITY if key in expected]
    for column in expected:
        for row in range(len(expected)):
            one, other = told[column][row], expected[column][row]
            if one != other and not (pd.isna(one) and pd.isna(other)):
                where = ", ".join(str(expected[key][row]) for key in keys)
                yield f"{column} of {where} is {one}, the results give {other}"
