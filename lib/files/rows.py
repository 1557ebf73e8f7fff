"""Small csv files, read and written without pandas: importing it takes longer than many a job."""

from __future__ import annotations

import csv
from collections.abc import Mapping, Sequence
from pathlib import Path

from lib.files import atomic


def write(path: str | Path, rows: Sequence[Mapping[str, object]], columns: Sequence[str] | None = None) -> None:
    """Write rows with a header, whole or not at all; None becomes an empty field. columns: needed for no rows."""
    with atomic.whole(path) as temporary, open(temporary, "w", newline="") as file:
        writer = csv.DictWriter(file, columns or list(rows[0]), lineterminator="\n")
        writer.writeheader()
        writer.writerows(rows)


def read(path: str | Path) -> list[dict[str, str]]:
    """The rows of a csv file, all values as text."""
    with open(path, newline="") as file:
        return list(csv.DictReader(file))
