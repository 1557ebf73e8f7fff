"""Images of one folder that a table of a data set names."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from lib.data.raw_task import RawSplit
from lib.data.readers.errors import DataError, some
from lib.data.readers.folders import image_names
from lib.data.readers.images import split_of_files
from lib.data.readers.listed_images import check_listed


def split_of_listed(what: str, folder: Path, names: Sequence[str], labels: Sequence[int]) -> RawSplit:
    """A split whose rows are the images `names` (paths below `folder`), in their order.

    what: the table, for messages. Raises DataError for names that lead out of the folder or stand there twice, and for
    images that are absent.
    """
    check_listed(what, names)
    present = {parent: image_names(folder / parent) for parent in {str(Path(name).parent) for name in names}}
    absent = [name for name in names if Path(name).name not in present[str(Path(name).parent)]]
    if absent:
        raise DataError(
            f"{what}: images in {folder}",
            got=f"{len(absent)} of {len(names)} absent: {some(absent)}",
            expected="all files that it lists",
            next_step="unpack the archive of the images again",
        )
    return split_of_files([str(folder / name) for name in names], labels)
