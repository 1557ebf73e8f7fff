"""How far parameters, features and kernel moved in each mode's fine-tuning, as a table."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import pandas as pd

from lib.reporting.labels import title
from lib.reporting.tables import PaperTable

MEASURED = {
    "parameters": "relative change of parameters",
    "features": "relative change of features",
    "kernel": "kernel distance",
}
CAPTION = (
    "How lazy fine-tuning was, on held-out examples: relative change of parameters, relative change of features, and "
    "1 - alignment of the kernels before and after; mean ± standard deviation over tasks and seeds"
)


def table(rows: pd.DataFrame) -> PaperTable:
    """A row per mode; for each model the three distances. rows: (model, seed, mode, task, *MEASURED)."""
    models, modes = (list(dict.fromkeys(rows[name])) for name in ("model", "mode"))
    cells = [
        [_cell(rows[(rows["model"] == model) & (rows["mode"] == mode)][name]) for model in models for name in MEASURED]
        for mode in modes
    ]
    heads = [(model, name.capitalize()) for model in models for name in MEASURED]
    return PaperTable(CAPTION, heads, [title(mode) for mode in modes], cells)


def _cell(values: Sequence[float]) -> str:
    spread = f" ± {np.std(values, ddof=1):.3f}" if len(values) > 1 else ""
    return f"{np.mean(values):.3f}{spread}"
