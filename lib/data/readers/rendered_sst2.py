"""RenderedSST2: sentences drawn as images, one folder a class."""

from __future__ import annotations

import os
from pathlib import Path

from lib.data.raw_task import RawSplit
from lib.data.readers.checks import check_disjoint
from lib.data.readers.folders import images_by_class
from lib.data.readers.images import split_of_files
from lib.data.tasks import Task


def read(task: Task, home: Path) -> dict[str, RawSplit]:
    """Train and test in the order of torchvision's ImageFolder; the folder valid stays unused.

    Files of both splits may have the same names, so names tell of no leak. Raises DataError for absent, missing or
    unknown folders, and for a folder that is both splits.
    """
    places = {split: home / split for split in ("train", "test")}
    check_disjoint(task.title, *([os.path.realpath(place)] for place in places.values()))
    return {split: split_of_files(*images_by_class(place, task.folders, task.title)) for split, place in places.items()}
