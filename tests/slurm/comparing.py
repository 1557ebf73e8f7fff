"""The files of a run that must not depend on where it ran and what befell it."""

from __future__ import annotations

from pathlib import Path

SAME = (
    "tables/*.csv",
    "tables/*.md",
    "tables/*.tex",
    "findings.md",
    "**/addition/*/test.csv",
    "**/negation/*/test.csv",
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
