"""Food-101: a folder of images a class, and a list of each split in JSON."""

from __future__ import annotations

import json
from pathlib import Path

from lib.data.raw_task import RawSplit
from lib.data.readers.checks import check_classes, check_disjoint
from lib.data.readers.errors import DataError
from lib.data.readers.present_images import split_of_listed
from lib.data.readers.text_lines import text_lines
from lib.data.tasks import Task


def read(task: Task, home: Path) -> dict[str, RawSplit]:
    """Train and test in the order of meta/{train,test}.json, as torchvision reads them.

    Raises DataError for absent lists and images, for other classes and for a leaked split.
    """
    rows = {split: _rows(task, home / "meta" / f"{split}.json") for split in ("train", "test")}
    check_disjoint(task.title, *([name for name, _ in listed] for listed in rows.values()))
    return {
        split: split_of_listed(
            f"{task.title}: {split}.json",
            home / "images",
            [f"{name}.jpg" for name, _ in listed],
            [label for _, label in listed],
        )
        for split, listed in rows.items()
    }


def _rows(task: Task, path: Path) -> list[tuple[str, int]]:
    """Image (class/number) and label, class by class."""
    classes = _listed(task, path)
    label_of = {name: label for label, name in enumerate(task.folders)}
    place = f"{task.title}: classes of {path}"
    check_classes(place, classes, task.folders, kind="classes", next_step="unpack food-101.tar.gz again")
    return [(name, label_of[folder]) for folder, names in classes.items() for name in names]


def _listed(task: Task, path: Path) -> dict[str, list[str]]:
    try:
        found = json.loads("\n".join(text_lines(path, f"{task.title}: list")))
        if not isinstance(found, dict) or not all(
            isinstance(names, list) and all(isinstance(name, str) for name in names) for names in found.values()
        ):
            raise ValueError("something else")
        return found
    except (json.JSONDecodeError, RecursionError, ValueError) as error:
        if isinstance(error, DataError):
            raise
        raise DataError(
            f"{task.title}: list {path}",
            got=f"{type(error).__name__}: {error}",
            expected="JSON: the class's folder -> names of images",
            next_step="unpack food-101.tar.gz again",
        ) from error
