"""Make lib importable for scripts: Snakemake runs a copy of each in a folder of its own."""

from __future__ import annotations

import os
from pathlib import Path


def export(root: Path) -> None:
    """Put the repository's root first on PYTHONPATH, for every process started from here."""
    known = os.environ.get("PYTHONPATH", "").split(os.pathsep)
    os.environ["PYTHONPATH"] = os.pathsep.join([str(root), *(path for path in known if path and path != str(root))])
