"""The rows of addition with subsets of the task vectors, every one that the configuration asks for."""

from collections.abc import Mapping, Sequence

import pandas as pd

from lib.editing import subsets
from workflow_scripts.reporting import frames

Samples = Mapping[str, Mapping[str, int] | None]  # mode -> its sample, None for every subset


def read(paths: Sequence[str], tasks: Sequence[str], samples: Samples) -> pd.DataFrame:
    """Rows (model, seed, mode, subset, size, alpha, task, own, accuracy, normalized, n) of all files.

    Raises OwnFileError for a file that is damaged or lacks a subset of its mode or a task.
    """
    names = {mode: [subsets.joined(one) for one in subsets.listed(tasks, sample)] for mode, sample in samples.items()}

    def asked(rows: pd.DataFrame) -> dict[str, Sequence[str]]:
        return {"subset": names.get(rows["mode"].iloc[0], []), "task": tasks}

    return frames.read(paths, ("size", "alpha", "accuracy", "normalized", "n"), asked=asked)
