"""The four idx files of MNIST, FashionMNIST and KMNIST, packed or not, where torchvision puts them."""

from __future__ import annotations

from pathlib import Path

from lib.data.raw_task import RawSplit
from lib.data.readers.idx import split_of_idx
from lib.data.tasks import Task


def read(task: Task, home: Path) -> dict[str, RawSplit]:
    """Train and test in the files' order. Raises DataError for absent, truncated or other files."""
    prefixes = {"train": "train", "test": "t10k"}
    return {split: _split(task.title, home, prefix) for split, prefix in prefixes.items()}


def _split(title: str, home: Path, prefix: str) -> RawSplit:
    images, labels = (home / f"{prefix}-{what}-ubyte" for what in ("images-idx3", "labels-idx1"))
    return split_of_idx(f"{title}: {prefix} files in {home}", images, labels)
