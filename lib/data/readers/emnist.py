"""EMNIST's split digits: its idx files as torchvision or their archive puts them.

Images stay as the files hold them, transposed: rows and columns of the written digit are exchanged.
"""

from __future__ import annotations

from pathlib import Path

from lib.data.raw_task import RawSplit
from lib.data.readers.idx import split_of_idx
from lib.data.tasks import Task

_MOST_ROWS = 300_000  # train has 240,000


def read(task: Task, home: Path) -> dict[str, RawSplit]:
    """Train and test in the files' order. Raises DataError for absent, truncated or other files."""
    place = home / "gzip" if (home / "gzip").is_dir() and not list(home.glob("emnist-digits-*")) else home
    return {split: _split(task.title, place, split) for split in ("train", "test")}


def _split(title: str, place: Path, split: str) -> RawSplit:
    images, labels = (place / f"emnist-digits-{split}-{what}-ubyte" for what in ("images-idx3", "labels-idx1"))
    return split_of_idx(f"{title}: {split} files in {place}", images, labels, most_rows=_MOST_ROWS)
