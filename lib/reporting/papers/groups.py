"""Numbers that later papers print for merged models, in the groups within which they may be compared.

A group is one set of fine-tuned checkpoints, one split of the data and one way of choosing alpha. Rows of different
groups differ in all of these, by more than methods do: the same rule gives 71.8 and 82.4 on two sets of checkpoints.

ASSUME: the rows of the leaked and of the uncertain groups are as their papers print them; neither was run again.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache
from pathlib import Path

import yaml

from lib.reads import NOTHING, TEST_IMAGES, TRAINING_IMAGES, VALIDATION_LABELS

FILE = Path(__file__).with_name("groups.yaml")
APART = "shown apart, never compared"
SPLITS = ("clean", "leaked", "uncertain")
READS = (NOTHING, TRAINING_IMAGES, VALIDATION_LABELS, TEST_IMAGES)


@dataclass(frozen=True)
class Group:
    """What rows share. split: one of SPLITS; alpha, normalized_by: in words; remark: empty, or APART if leaked."""

    name: str
    title: str
    split: str
    alpha: str
    normalized_by: str
    remark: str


@dataclass(frozen=True)
class Row:
    """One method on one model. Accuracies are fractions in [0, 1], means over `tasks` tasks; None where not printed.

    mode: of fine-tuning, as in tables of ours where we have it. reads: one of READS, beside the task vectors. source:
    where the numbers are printed; note: what must be said with them.
    """

    group: Group
    method: str
    mode: str
    model: str
    tasks: int
    reads: str
    absolute: float | None
    normalized: float | None
    target: float | None
    control: float | None
    source: str
    note: str


@cache
def groups() -> dict[str, Group]:
    """All groups by name, in the order of the data file."""
    return {
        name: Group(
            name, **{key: entry[key] for key in ("title", "split", "alpha", "normalized_by")}, remark=_apart(entry)
        )
        for name, entry in _data().items()
    }


@cache
def rows(group: str) -> tuple[Row, ...]:
    """All rows of a group, model by model for each method. Raises ValueError for an unknown group."""
    if group not in groups():
        raise ValueError(f"no group {group!r} of published numbers: expected one of {', '.join(groups())}")
    return tuple(row for entry in _data()[group]["rows"] for row in _rows(groups()[group], entry))


def apart_last() -> list[Group]:
    """All groups, those that must stay apart after the others."""
    return sorted(groups().values(), key=lambda group: bool(group.remark))


def comparable(model: str, *, tasks: int = 8, apart: bool = False) -> dict[str, list[Row]]:
    """Group -> its rows of one model and number of tasks: rows of one list may be compared, of two lists never.

    Without `apart`, leaked groups are left out; with it, they are there, after the others, and each group says APART
    in its remark.
    """
    listed = {
        group.name: [row for row in rows(group.name) if (row.model, row.tasks) == (model, tasks)]
        for group in apart_last()
    }
    return {name: found for name, found in listed.items() if found and (apart or not groups()[name].remark)}


@cache
def _data() -> dict:
    return yaml.safe_load(FILE.read_text())


def _apart(entry: dict) -> str:
    return APART if entry["split"] == "leaked" else ""


def _rows(group: Group, entry: dict) -> Iterator[Row]:
    for model, cells in entry["values"].items():
        absolute, normalized = _pair(cells)
        target, control = _pair(entry.get("negation", {}).get(model, ()))
        yield Row(
            group=group,
            method=entry["method"],
            mode=entry.get("mode", "standard"),
            model=model,
            tasks=entry.get("tasks", 8),
            reads=entry["reads"],
            absolute=absolute,
            normalized=normalized,
            target=target,
            control=control,
            source=entry.get("source", _data()[group.name]["source"]),
            note=entry.get("note", ""),
        )


def _pair(cells) -> tuple[float | None, float | None]:
    """Two printed values in percent as fractions; what is not printed is None."""
    first, second = (*cells, None, None)[:2]
    return tuple(None if value is None else value / 100 for value in (first, second))
