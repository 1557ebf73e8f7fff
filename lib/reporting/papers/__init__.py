"""Numbers that the papers report, for comparison beside our own; never mixed with them.

ASSUME: an independent re-run stands for the numbers of linear-2, whose own could not be checked.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from functools import cache
from pathlib import Path

import yaml

FILE = Path(__file__).with_name("numbers.yaml")


@cache
def numbers() -> dict:
    """The data file as nested mappings; accuracies in percent, as printed in the papers."""
    return yaml.safe_load(FILE.read_text())


def reported(table: str, model: str, mode: str, column: str) -> float | None:
    """A paper's value as a fraction in [0, 1], or None if it reports none for this model and mode."""
    value = numbers()[table]["values"].get(model, {}).get(mode, {}).get(column)
    return None if value is None else value / 100


def reports(table: str, model: str) -> bool:
    """True if a paper's table has values for this model."""
    return model in numbers()[table]["values"]


def has_column(table: str, column: str) -> bool:
    """True if a paper's table has this column."""
    return any(column in row for modes in numbers()[table]["values"].values() for row in modes.values())


def source(table: str) -> str:
    """Where a table's values are printed."""
    return numbers()[table]["source"]


def tables() -> list[str]:
    """The names of all tables with values."""
    return [name for name, entry in numbers().items() if isinstance(entry, dict)]


def cells(table: str) -> Iterator[tuple[str, str, str, float]]:
    """(model, row, column, value) of every printed number of a table; values as fractions."""
    for model, rows in numbers()[table]["values"].items():
        for row, columns in rows.items():
            yield from ((model, row, column, value / 100) for column, value in columns.items())


def tolerance(table: str) -> tuple[float, str]:
    """How far a number of ours may lie from a table's beyond its own interval, as a fraction, and the reason."""
    entry = numbers()[table]["tolerance"]
    return entry["points"] / 100, entry["reason"]


def doubt(table: str, model: str, row: str, column: str) -> str:
    """Why a printed number is in doubt itself; empty if it is not."""
    notes = (
        entry["note"]
        for entry in numbers()[table].get("doubts", ())
        if model in entry["models"] and row in entry["modes"] and column in entry["columns"]
    )
    return "; ".join(notes)


def same_benchmark(tasks: Iterable[str], control: str) -> bool:
    """True if a run's tasks and control are the papers': only then are means over tasks means of the same thing."""
    return set(tasks) == set(numbers()["tasks"]) and control == numbers()["control"]
