"""Whether a run can write where it will: found before any job, not after hours."""

from __future__ import annotations

import os
from collections.abc import Iterable, Iterator
from pathlib import Path

from workflow_scripts.configuration.files import NO_JOB


class PlaceError(ValueError):
    """A folder that cannot be made or written; the message names it and what stands in the way."""


def require_writable(folders: Iterable[str | Path]) -> None:
    """Raise PlaceError that names every folder that this user can neither write nor make. Changes nothing."""
    if found := [fault for folder in folders for fault in faults(Path(folder))]:
        raise PlaceError("\n  - ".join([NO_JOB, *found]))


def faults(folder: Path) -> Iterator[str]:
    """What stands in the way of writing to a folder, at its nearest parent that exists."""
    folder = folder.absolute()
    there = next(path for path in (folder, *folder.parents) if os.path.lexists(path))
    what = f"{folder} cannot be made" if there != folder else f"{folder} cannot be written"
    if not there.is_dir():
        yield f"{what}: {there} is no folder; move it away, or work in another folder (snakemake --directory)"
    elif not os.access(there, os.W_OK | os.X_OK):
        yield (
            f"{what}: this user may not write to {there}; change its permissions, or work in another folder "
            "(snakemake --directory)"
        )
