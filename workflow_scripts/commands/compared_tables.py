"""Which cells of two runs' tables differ, by how many points, and whether other test images alone could do that.

Two accuracies p and q on n images each are held against the 95 % interval of a difference of two proportions, in its
normal form with one success and one failure added to each (Agresti and Caffo 2000):
1.96 sqrt(p (1 - p) / (n + 2) + q (1 - q) / (n + 2)). A mean over tasks adds the variances of its parts. Both runs see
the same images, so the interval is wider than one of paired predictions would be.
"""

from __future__ import annotations

import csv
import json
import math
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

import yaml

from lib.reporting.labels import IDENTITY, KEYS, PRETRAINED, RULE
from workflow_scripts.layout import Layout

ACCURACIES = ("absolute", "normalized", "single", "multi", "accuracy", "target", "control")
NORMAL = 1.959964  # 97.5 % of a normal distribution lie below
Row = Mapping[str, str]


@dataclass(frozen=True)
class Cell:
    """A cell that differs. values: both runs' text; width: half of the interval, a fraction, None where unknown."""

    table: str
    row: tuple[str, ...]
    column: str
    values: tuple[str, str]
    width: float | None = None

    @property
    def difference(self) -> float | None:
        """Of two numbers, the second minus the first."""
        numbers = [_number(value) for value in self.values]
        return None if None in numbers else numbers[1] - numbers[0]

    @property
    def within(self) -> bool | None:
        """Whether the difference lies within the interval; None where there is none."""
        return None if self.width is None or self.difference is None else abs(self.difference) <= self.width

    def __str__(self) -> str:
        where = f"{self.table}: {' '.join(filter(None, self.row))}, {self.column}"
        if self.column not in ACCURACIES or self.difference is None:
            return f"{where}: {' -> '.join(value or '-' for value in self.values)}"
        shown = " -> ".join(f"{100 * float(value):.2f}" for value in self.values)
        side = "no interval" if self.within is None else f"{_SIDES[self.within]} ± {100 * self.width:.2f}"
        return f"{where}: {shown} ({_points(self.difference)} points, {side})"


_SIDES = {True: "within", False: "beyond"}


@dataclass(frozen=True)
class Tables:
    """The tables of the run in a folder, and what says how many images stand behind them."""

    folder: Path

    @cached_property
    def names(self) -> list[str]:
        return sorted(path.stem for path in (self.folder / "tables").glob("*.csv"))

    @cached_property
    def control(self) -> str | None:
        """The control task's name."""
        try:
            return yaml.safe_load((self.folder / "config.yaml").read_text())["control"]["name"]
        except (OSError, KeyError, TypeError, yaml.YAMLError):
            return None

    def rows(self, table: str) -> list[dict[str, str]]:
        """The rows of a table, none if the run does not have it."""
        path = self.folder / f"tables/{table}.csv"
        if not path.exists():
            return []
        with path.open(newline="") as file:
            return list(csv.DictReader(file))

    def standard_error(self, table: str, row: Row, column: str) -> float | None:
        """Of an accuracy in a table, from the number of its images; None where that is unknown."""
        if column not in ACCURACIES:
            return None
        if "task" in row:
            return self._of_row(row, column)
        errors = [self._of_row(part, name) for part, name in self._averaged(table, row, column)]
        if not errors or None in errors:
            return None
        if column == "control":  # each part on the same images: as far apart as one of them
            return sum(errors) / len(errors)
        return math.hypot(*errors) / len(errors)

    def _averaged(self, table: str, row: Row, column: str) -> list[tuple[Row, str]]:
        """The rows and columns that a mean over tasks was taken of."""
        keys = [key for key in (*KEYS, RULE) if key in row]
        if column == "single":
            own = [part for part in self.rows("single_task") if all(part[key] == row[key] for key in KEYS)]
            return [(part, "accuracy") for part in own if part["split"] == "test" and part["task"] != self.control]
        if row["mode"] != PRETRAINED:
            name = "accuracy" if column == "absolute" else column
            return [(part, name) for part in self.rows(f"{table}_per_task") if all(part[k] == row[k] for k in keys)]
        return [
            (part, "accuracy")
            for part in self.rows("single_task")
            if (part["model"], part["mode"], part["split"]) == (row["model"], PRETRAINED, "test")
            and (part["task"] == self.control) == (column == "control")
        ]

    def _of_row(self, row: Row, column: str) -> float | None:
        task = self.control if column == "control" else row["task"]
        n, p = self._images(row, task), _number(row.get(column, ""))
        if n is None or p is None:
            return None
        if column != "normalized":
            return math.sqrt(_variance(p, n))
        accuracy = _number(row["accuracy"])
        if not accuracy or not p:
            return None
        single = accuracy / p  # the ratio's variance, to first order, as of independent proportions
        return math.sqrt(_variance(accuracy, n) + p * p * _variance(single, n)) / single

    def _images(self, row: Row, task: str | None) -> int | None:
        """The number of images of a row: its own, else that of the task's prepared split."""
        if row.get("n"):
            return int(row["n"])
        path = Layout(str(self.folder), "").split.format(task=task, split=row.get("split") or "test")
        try:
            return int(json.loads(Path(path).read_text())["n"])
        except (OSError, ValueError, KeyError):
            return None


def cells(first: Tables, second: Tables) -> Iterator[Cell]:
    """The cells that differ, in the tables, rows and columns that both runs have."""
    for table in (name for name in first.names if name in second.names):
        ours, theirs = (_by_identity(run.rows(table)) for run in (first, second))
        for row in (row for row in ours if row in theirs):
            for column in (
                name
                for name in ours[row]
                if name in theirs[row] and name not in IDENTITY and not name.endswith(("low", "high"))
            ):
                values = ours[row][column], theirs[row][column]
                if values[0] != values[1]:
                    errors = [
                        run.standard_error(table, rows[row], column) for run, rows in ((first, ours), (second, theirs))
                    ]
                    width = None if None in errors else NORMAL * math.hypot(*errors)
                    yield Cell(table, row, column, values, width)


def rows_of_one(first: Tables, second: Tables) -> Iterator[tuple[str, str, int]]:
    """(table, the run's folder, number of rows) of rows that the other run does not have."""
    for table in sorted({*first.names, *second.names}):
        ours, theirs = (_by_identity(run.rows(table)).keys() for run in (first, second))
        for run, only in ((first, ours - theirs), (second, theirs - ours)):
            if only:
                yield table, str(run.folder), len(only)


def summary(found: Sequence[Cell]) -> str:
    """How many cells lie within and beyond the interval."""
    counts = [sum(cell.within is side for cell in found) for side in (True, False, None)]
    words = ("within the 95 % interval", "beyond it", "without an interval")
    parts = ", ".join(f"{count} {word}" for count, word in zip(counts, words, strict=True) if count)
    noun = "cell of the tables differs" if len(found) == 1 else "cells of the tables differ"
    return f"{len(found)} {noun}: {parts}" if found else "no cell of the tables differs"


def _by_identity(rows: Sequence[dict[str, str]]) -> dict[tuple[str, ...], dict[str, str]]:
    """Rows by what they are of; of rows that claim the same, each with its number."""
    found: dict[tuple[str, ...], dict[str, str]] = {}
    for row in rows:
        name = key = tuple(row[part] for part in IDENTITY if part in row)
        number = 1
        while name in found:
            number += 1
            name = (*key, f"#{number}")
        found[name] = row
    return found


def _variance(p: float, n: int) -> float:
    """Of a proportion with one success and one failure added."""
    adjusted = (n * min(max(p, 0.0), 1.0) + 1) / (n + 2)
    return adjusted * (1 - adjusted) / (n + 2)


def _number(text: str) -> float | None:
    try:
        return float(text)
    except ValueError:
        return None


def _points(difference: float) -> str:
    """Percentage points with two decimals, more if these would be zero."""
    points = 100 * difference
    return f"{points:+.2f}" if abs(points) >= 0.005 else f"{points:+.1e}"
