"""Data sets that lie as one folder a class: DTD, EuroSAT, SUN397 and users' own."""

from __future__ import annotations

import os
from pathlib import Path

from lib.data.raw_task import RawSplit
from lib.data.readers import split_lists
from lib.data.readers.checks import check_disjoint
from lib.data.readers.folders import images_by_class
from lib.data.readers.images import split_of_files
from lib.data.tasks import Task

_SPLIT_FOLDERS = {
    "dtd": {"train": "train", "test": "val"},
    "sun397": {"train": "train", "test": "val"},
    "eurosat": {"train": "train", "val": "val", "test": "test"},
}


def read(task: Task, home: Path) -> dict[str, RawSplit]:
    """The splits of a prepared folder, rows in the order of torchvision's ImageFolder, as the papers' code reads them.

    Without a folder train, DTD and SUN397 are read as their archives unpack (`split_lists`). Raises DataError for
    absent, missing or unknown folders and for images that stand in train and test.
    """
    if task.name != "eurosat" and not (home / "train").is_dir():
        return split_lists.read(task, home)
    splits, names = {}, {}
    for split, folder in _SPLIT_FOLDERS[task.name].items():
        paths, labels = images_by_class(home / folder, task.folders, task.title, by_letter=task.name == "sun397")
        splits[split] = split_of_files(paths, labels)
        names[split] = [os.sep.join(path.split(os.sep)[-2:]) for path in paths]
    check_disjoint(task.title, names["train"], names["test"])
    return splits
