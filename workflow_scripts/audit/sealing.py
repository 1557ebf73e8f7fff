"""The seal of a run: digests of all its records, written when it ends, so that a record changed later shows.

A seal shows what changed since; whoever can write it can write another. Who publishes its sha256 fixes the whole run.
"""

from __future__ import annotations

from pathlib import Path

from lib.files.digests import file_digest
from workflow_scripts.layout import Layout


def sealed_names(root: Path, files: Layout) -> list[str]:
    """The records and the configuration of a run below `root`, relative to the run's folder."""
    folder = root / files.run
    found = [*(root / files.records).rglob("*.json"), root / files.configuration]
    return sorted(str(path.relative_to(folder)) for path in found if path.is_file())


def seal(folder: str, names: list[str]) -> str:
    """The text of a seal, which `sha256sum -c` reads in the run's folder."""
    return "\n".join([*(f"{file_digest(Path(folder, name))}  {name}" for name in names), ""])
