"""Regular files, and no others: opening a fifo or a device may wait for ever."""

from __future__ import annotations

import os
import stat
from pathlib import Path
from typing import TypeVar

_Path = TypeVar("_Path", str, Path)


def regular(path: _Path) -> _Path:
    """The path itself. Raises OSError if nothing is there, or anything but a regular file or a link to one."""
    if not stat.S_ISREG(os.stat(path).st_mode):
        raise OSError(f"{path} is not a regular file")
    return path
