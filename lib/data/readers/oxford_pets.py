"""Oxford-IIIT Pet's breeds: images in one folder, and a table for each split."""

from __future__ import annotations

import re
from pathlib import Path

from lib.data.raw_task import RawSplit
from lib.data.readers.checks import check_disjoint, check_names
from lib.data.readers.errors import DataError
from lib.data.readers.present_images import split_of_listed
from lib.data.readers.text_lines import text_lines
from lib.data.tasks import Task

_ROW = re.compile(r"(\S+)_(\d+) (\d{1,3}) [12] \d{1,3}")  # name of the image, breed, cat or dog, breed among these


def read(task: Task, home: Path) -> dict[str, RawSplit]:
    """Trainval and test in the tables' order; the breeds that images are named by must be the task's.

    Raises DataError for absent images, damaged tables and a leaked split.
    """
    tables = {split: home / "annotations" / f"{name}.txt" for split, name in (("train", "trainval"), ("test", "test"))}
    rows = {split: _rows(task, table) for split, table in tables.items()}
    check_disjoint(task.title, *([name for name, _ in listed] for listed in rows.values()))
    for split, listed in rows.items():
        _check_breeds(task, tables[split], listed)
    return {
        split: split_of_listed(
            f"{task.title}: {tables[split]}",
            home / "images",
            [f"{name}.jpg" for name, _ in listed],
            [label for _, label in listed],
        )
        for split, listed in rows.items()
    }


def _rows(task: Task, table: Path) -> list[tuple[str, int]]:
    """Image and label of each line; comments begin with #."""
    lines = [line for line in text_lines(table, f"{task.title}: table") if not line.startswith("#")]
    found = [_ROW.fullmatch(line) for line in lines]
    if None in found or not found:
        broken = lines[found.index(None)][:80] if found else "no line"
        raise DataError(
            f"{task.title}: table {table}",
            got=repr(broken),
            expected="lines such as 'Abyssinian_100 1 1 1': image, breed from 1, kind, breed of its kind",
            next_step="unpack annotations.tar.gz again",
        )
    return [(f"{row[1]}_{row[2]}", int(row[3]) - 1) for row in found]


def _check_breeds(task: Task, table: Path, rows: list[tuple[str, int]]) -> None:
    """The breed in an image's name is that of its number."""
    named = {label: name.rpartition("_")[0] for name, label in rows}
    check_names(f"{task.title}: {table}", [named[label] for label in sorted(named)], task)
