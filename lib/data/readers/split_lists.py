"""DTD and SUN397 as their archives unpack: images by class, and text files that list partition 1."""

from __future__ import annotations

import os
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from pathlib import Path

from lib.data.raw_task import RawSplit
from lib.data.readers.checks import check_disjoint
from lib.data.readers.errors import DataError, some
from lib.data.readers.folders import image_names
from lib.data.readers.images import split_of_files
from lib.data.readers.listed_images import check_listed
from lib.data.readers.text_lines import text_lines
from lib.data.tasks import Task


@dataclass(frozen=True)
class _Archive:
    """Where images and lists may lie below the data set's folder, and the lists of each split."""

    images: tuple[str, ...]
    lists_in: tuple[str, ...]
    lists: Mapping[str, tuple[str, ...]]


_ARCHIVES = {
    "dtd": _Archive(
        images=("images", "dtd/images"),
        lists_in=("labels", "dtd/labels"),
        lists={"train": ("train1.txt", "val1.txt"), "test": ("test1.txt",)},
    ),
    "sun397": _Archive(
        images=(".",),
        lists_in=(".", "Partitions"),
        lists={"train": ("Training_01.txt",), "test": ("Testing_01.txt",)},
    ),
}


def read(task: Task, home: Path) -> dict[str, RawSplit]:
    """Train and test of partition 1, rows in the order that the prepared folders would give them.

    Raises DataError for absent lists and images, for unknown classes and for a leaked split.
    """
    archive = _ARCHIVES[task.name]
    images = next(filter(Path.is_dir, (home / place for place in archive.images)), home)
    listed = {
        split: [line for name in names for line in _lines(task, home, archive, name)]
        for split, names in archive.lists.items()
    }
    for split, names in archive.lists.items():
        check_listed(f"{task.title}: {' and '.join(names)}", listed[split])
    check_disjoint(task.title, listed["train"], listed["test"])
    return {split: _split(task, images, lines) for split, lines in listed.items()}


def _split(task: Task, images: Path, lines: list[str]) -> RawSplit:
    label_of = {name: label for label, name in enumerate(task.folders)}
    rows = sorted((os.path.dirname(line).replace("/", "_"), os.path.basename(line), line) for line in lines)
    unknown = sorted({folder for folder, _, _ in rows} - set(label_of))
    present = cache(image_names)
    absent = [line for _, name, line in rows if name not in present(images / os.path.dirname(line))]
    if unknown or absent:
        raise DataError(
            f"{task.title}: images in {images}",
            got=f"{len(absent)} of {len(rows)} absent: {some(absent) or 'none'}; unknown classes: "
            f"{some(unknown) or 'none'}",
            expected="all files that the lists of partition 1 name",
            next_step="unpack the archives of the images and of the lists again: one of them is incomplete",
        )
    return split_of_files([str(images / line) for _, _, line in rows], [label_of[folder] for folder, _, _ in rows])


def _lines(task: Task, home: Path, archive: _Archive, name: str) -> list[str]:
    places = [home / place / name for place in archive.lists_in]
    path = next(filter(Path.exists, places), None)
    if path is None:
        raise DataError(
            f"{task.title}: missing folder or list",
            got=f"neither {home / 'train'} nor {places[0]}",
            expected=task.layout,
            next_step="put one of these layouts there, or take the source hub",
        )
    lines = text_lines(path, f"{task.title}: list")
    return [line.removeprefix("/") for line in lines]  # SUN397's begin with one
