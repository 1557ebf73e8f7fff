"""The files of a run that must not depend on where it ran and what befell it."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]

SAME = (
    "tables/*.csv",
    "tables/*.md",
    "tables/*.tex",
    "findings.md",
    "**/addition/*/test.csv",
    "**/negation/*/test.csv",
    "**/*predictions.npz",
    "**/tau.safetensors",
)


def differences(one: Path, other: Path) -> list[str]:
    """Names of those files that differ or that one of the two runs lacks; each kind must be there."""
    here, there = (folder / "results/tiny" for folder in (one, other))
    differ = []
    for pattern in SAME:
        names = {path.relative_to(root) for root in (here, there) for path in root.glob(pattern)}
        assert names, f"no {pattern}"
        differ += [str(name) for name in sorted(names) if _content(here / name) != _content(there / name)]
    return differ


def _content(path: Path) -> bytes | None:
    return path.read_bytes() if path.exists() else None


def audited(folder: Path) -> str:
    """What an audit says of the run in a folder, "" if nothing is wrong."""
    words = [
        sys.executable,
        "-m",
        "workflow_scripts.commands.audit",
        "--configfile",
        "results/tiny/config.yaml",
        "--deep",
    ]
    environment = {**os.environ, "PYTHONPATH": str(ROOT)}
    done = subprocess.run(words, cwd=folder, env=environment, capture_output=True, text=True)
    return "" if done.returncode == 0 else done.stdout + done.stderr
