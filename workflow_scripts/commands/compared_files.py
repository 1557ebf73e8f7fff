"""Which files of two finished runs differ: tables, findings, figures, sweeps, choices, predictions, grids, heads, task
vectors.

Bytes are compared. Where a csv or npz file of the second run has further columns or arrays (the identity of its rows),
those that the first one has must be equal, as text or to the bit. Of weights that were left out of a copy of a run, the
digest beside them is compared.
"""

from __future__ import annotations

import csv
import json
from collections.abc import Iterator
from pathlib import Path

import numpy as np

from lib.files import digests

PATTERNS = (
    "tables/*",
    "figures/*",
    "findings.*",
    "*/pretrained/*.csv",
    "*/pretrained/*.npz",
    "*/pretrained/theta.safetensors",
    "*/heads/*.safetensors",
    "*/seed*/*/*.csv",
    "*/seed*/*/*.npz",
    "*/seed*/*/*/*.csv",
    "*/seed*/*/*/tau.safetensors",
    "*/seed*/*/addition/**/*",
    "*/seed*/*/negation/*/*",
    "*/seed*/negation_controls/*/*",
    "*/seed*/*/analogies/*/*",
    "*/seed*/*/subsets/*",
    "*/seed*/*/disentanglement/**/*.npz",
)
SUFFIXES = (".csv", ".json", ".md", ".tex", ".html", ".png", ".pdf", ".npz", ".safetensors")
LEFT_OUT = ("training_log.csv",)  # older runs hold wall-clock rates there


def differences(first: Path, second: Path) -> Iterator[str]:
    """A line for each file that one run lacks or that differs. Raises FileNotFoundError for a folder without tables."""
    found = [files(run) for run in (first, second)]
    for name in sorted(found[0].keys() | found[1].keys()):
        if name not in found[1] or name not in found[0]:
            yield f"{name}: only in {first if name in found[0] else second}"
        elif reason := _difference(found[0][name], found[1][name]):
            yield f"{name}: {reason}"


def files(run: Path) -> dict[str, Path]:
    """The compared files by name; the merging rule `sum` goes by the name of the stage."""
    if not (run / "tables").is_dir():
        raise FileNotFoundError(f"{run} holds no tables: name the folder of a finished run, such as results/demo")
    paths = {path for pattern in PATTERNS for path in run.glob(pattern) if path.suffix in SUFFIXES}
    paths |= {
        path.with_suffix("")
        for pattern in PATTERNS
        if pattern.endswith(".safetensors")
        for path in run.glob(pattern + digests.SUFFIX)
    }
    return {
        str(path.relative_to(run)).replace("/addition/sum/", "/addition/"): path
        for path in paths
        if path.name not in LEFT_OUT
    }


def _difference(a: Path, b: Path) -> str | None:
    if not (a.exists() and b.exists()):
        return None if _digest(a) == _digest(b) else "another digest"
    if a.read_bytes() == b.read_bytes():
        return None
    if a.suffix == ".csv":
        return _csv_difference(a, b)
    if a.suffix == ".npz":
        return _npz_difference(a, b)
    return "other bytes"


def _digest(path: Path) -> str | None:
    """sha256 of a file, as written beside it where it is absent itself. Raises OwnFileError for a damaged digest."""
    return digests.file_digest(path) if path.exists() else digests.written_beside(path)


def _csv_difference(a: Path, b: Path) -> str | None:
    ours, theirs = ([dict(row) for row in csv.DictReader(path.open(newline=""))] for path in (a, b))
    if not ours or len(ours) != len(theirs) or not ours[0].keys() <= theirs[0].keys():
        return f"{len(ours)} rows of {list(ours[0]) if ours else []} against {len(theirs)}"
    wrong = [i for i, (x, y) in enumerate(zip(ours, theirs, strict=True)) if any(x[key] != y[key] for key in x)]
    return f"{len(wrong)} rows differ, the first is {wrong[0] + 1}: {json.dumps(ours[wrong[0]])}" if wrong else None


def _npz_difference(a: Path, b: Path) -> str | None:
    with np.load(a) as ours, np.load(b) as theirs:
        wrong = [key for key in ours if key not in theirs or not np.array_equal(ours[key], theirs[key])]
    return f"arrays {', '.join(wrong)} differ" if wrong else None
