"""Cosines between task vectors as a table: a block of rows per model and mode, their norms beside."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import pandas as pd

from lib.reporting.labels import title
from lib.reporting.tables import PaperTable


def table(rows: pd.DataFrame, tasks: Sequence[str], *, caption: str) -> PaperTable:
    """A row per model, mode and task: its cosine with every task, and its norm; mean ± standard deviation over seeds.

    rows: (model, seed, mode, task_a, task_b, cosine, norm_a).
    """
    several = rows["model"].nunique() > 1
    names, cells = [], []
    for (model, mode), found in rows.groupby(["model", "mode"], sort=False):
        for task in tasks:
            names.append(", ".join([*([model] if several else []), title(mode), task]))
            own = found[found["task_a"] == task]
            cosines = [_number(own[own["task_b"] == other]["cosine"], 3) for other in tasks]
            cells.append([*cosines, _number(own[own["task_b"] == task]["norm_a"], 2)])
    return PaperTable(caption, [("", name) for name in [*tasks, "Norm"]], names, cells)


def _number(values: Sequence[float], digits: int) -> str:
    spread = f" ± {np.std(values, ddof=1):.{digits}f}" if len(values) > 1 else ""
    return f"{np.mean(values):z.{digits}f}{spread}"
