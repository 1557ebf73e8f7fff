"""ImageNet's tree {train,val}/<WordNet id>/: the official validation set is the test split of the control task."""

from __future__ import annotations

from pathlib import Path

from lib.data.raw_task import RawSplit
from lib.data.readers.folders import images_by_class
from lib.data.readers.images import split_of_files
from lib.data.tasks import Task


def read(task: Task, home: Path) -> dict[str, RawSplit]:
    """Train and test, each listed once and not decoded, in the order of torchvision's ImageFolder.

    The 5,000 validation images of the control task are drawn from train by `lib.data.splits`, which needs only the
    number of rows. Raises DataError for absent, missing or unknown folders.
    """
    test = home / "val_in_folder"
    folders = {"train": home / "train", "test": test if test.is_dir() else home / "val"}
    return {
        split: split_of_files(*images_by_class(folder, task.folders, f"{task.title} ({split})"))
        for split, folder in folders.items()
    }
