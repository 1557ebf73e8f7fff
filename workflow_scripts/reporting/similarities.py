"""Files of cosines and of norms as one frame."""

from __future__ import annotations

from collections.abc import Sequence

import pandas as pd

from lib.reporting.labels import KEYS
from workflow_scripts.reporting import frames


def read(cosines: Sequence[str], norms: Sequence[str], tasks: Sequence[str]) -> pd.DataFrame:
    """Rows (model, seed, mode, task_a, task_b, cosine, norm_a, norm_b), every two tasks of each model, seed and mode.

    Raises OwnFileError for a file that lacks some, or unless both kinds are of the same models, seeds and modes.
    """
    every_two = _whole(cosines, "cosine", ("task_a", "task_b"), tasks)
    lengths = _whole(norms, "norm", ("task",), tasks, {name: list(dict.fromkeys(every_two[name])) for name in KEYS})
    for half in ("a", "b"):
        of_half = lengths.rename(columns={"task": f"task_{half}", "norm": f"norm_{half}"})
        every_two = every_two.merge(of_half, on=[*KEYS, f"task_{half}"], validate="many_to_one")
    return every_two


def _whole(
    paths: Sequence[str], number: str, names: Sequence[str], tasks: Sequence[str], known: dict | None = None
) -> pd.DataFrame:
    found = frames.each(paths, (number,))
    for path, frame in found.items():
        frames.require_rows(path, frame, lambda rows: dict.fromkeys(names, tasks))
    runs = [tuple(run) for frame in found.values() for run in frame[KEYS].drop_duplicates().to_numpy().tolist()]
    frames.require_product(paths, runs, KEYS, known)
    return frames.joined(found)
