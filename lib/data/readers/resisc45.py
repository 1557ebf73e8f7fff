"""RESISC45: one folder a class, and a list of file names for each split."""

from __future__ import annotations

import os
from pathlib import Path

from lib.data.raw_task import RawSplit
from lib.data.readers.checks import check_disjoint
from lib.data.readers.errors import DataError, some
from lib.data.readers.folders import images_by_class
from lib.data.readers.images import split_of_files
from lib.data.readers.listed_images import check_listed
from lib.data.readers.text_lines import text_lines
from lib.data.tasks import Task


def read(task: Task, home: Path) -> dict[str, RawSplit]:
    """Train and test in the order of torchvision's ImageFolder; the published validation list stays unused, as in
    the papers' code. Raises DataError for absent folders, lists and images, and for a leaked split.
    """
    paths, labels = images_by_class(home / "NWPU-RESISC45", task.folders, task.title)
    listed = {split: _names(home / f"resisc45-{split}.txt") for split in ("train", "test")}
    check_disjoint(task.title, *listed.values())
    return {split: _chosen(paths, labels, names, split) for split, names in listed.items()}


def _chosen(paths: list[str], labels: list[int], names: list[str], split: str) -> RawSplit:
    wanted = set(names)
    check_listed(f"RESISC45: resisc45-{split}.txt", names)
    rows = [row for row, path in enumerate(paths) if os.path.basename(path) in wanted]
    absent = sorted(wanted - {os.path.basename(paths[row]) for row in rows})
    if absent:
        raise DataError(
            f"RESISC45: images of resisc45-{split}.txt",
            got=f"{len(absent)} of {len(wanted)} absent: {some(absent)}",
            expected="all of them in NWPU-RESISC45",
            next_step="unpack the archives of the images and of the lists again: one of them is incomplete",
        )
    chosen = [paths[row] for row in rows]
    check_listed(f"RESISC45: resisc45-{split}.txt", [os.path.basename(path) for path in chosen])
    return split_of_files(chosen, [labels[row] for row in rows])


def _names(path: Path) -> list[str]:
    if not path.exists():
        raise DataError(
            "RESISC45: split list",
            got=f"nothing at {path}",
            expected="a text file with one image's name a line",
            next_step="fetch resisc45-train.txt and resisc45-test.txt (arXiv 1911.06721) into that folder",
        )
    return text_lines(path, "RESISC45: split list")
