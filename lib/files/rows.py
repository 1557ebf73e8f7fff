"""Small csv files, read and written without pandas: importing it takes longer than many a job."""

from __future__ import annotations

import csv
import math
from collections.abc import Collection, Mapping, Sequence
from pathlib import Path

from lib.files import atomic, own_files
from lib.files.own_files import NotFinite


def write(path: str | Path, rows: Sequence[Mapping[str, object]], columns: Sequence[str] | None = None) -> None:
    """Write rows with a header, whole or not at all; None becomes an empty field. columns: needed for no rows.

    Raises NotFinite, and writes nothing, for a number that is NaN or infinite.
    """
    for number, row in enumerate(rows, start=1):
        for name, value in row.items():
            if isinstance(value, float) and not math.isfinite(value):
                raise NotFinite(
                    path,
                    got=f"{value} for {name} in row {number} of {len(rows)}",
                    expected="finite numbers",
                    next_step="nothing was written; likely cause: weights that are not finite, or a split without "
                    "images; look at the logs of the rules that this one reads from",
                )
    with atomic.whole(path) as temporary, open(temporary, "w", newline="") as file:
        writer = csv.DictWriter(file, columns or list(rows[0]), lineterminator="\n")
        writer.writeheader()
        writer.writerows(rows)


def read(path: str | Path, columns: Collection[str] = (), *, numbers: Collection[str] = ()) -> list[dict[str, str]]:
    """The rows of a csv file, all values as text; see `own_files.read_csv`."""
    return own_files.read_csv(path, columns, numbers=numbers)
