"""Names of images as a data set's list or table gives them."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence

from lib.data.readers.errors import DataError, some


def check_listed(what: str, names: Sequence[str]) -> None:
    """Raise DataError for a name that leads out of the folder of images, and for one that is listed twice."""
    outside = [name for name in names if name.startswith("/") or not {"", ".", ".."}.isdisjoint(name.split("/"))]
    if outside:
        raise DataError(
            f"{what}: names of images",
            got=some([repr(name) for name in outside]),
            expected="names below the data set's own folder",
            next_step="fetch this list again; it is damaged or not the data set's",
        )
    twice = [name for name, times in Counter(names).items() if times > 1]
    if twice:
        raise DataError(
            f"{what}: images listed more than once",
            got=f"{len(twice)}: {some(twice)}",
            expected="each image once",
            next_step="fetch this list again; it is damaged or not the data set's",
        )
