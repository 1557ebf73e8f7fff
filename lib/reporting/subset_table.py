"""The table of addition against the number of task vectors, as printed."""

from __future__ import annotations

import pandas as pd

from lib.reporting.labels import title
from lib.reporting.subsets import MEASURED
from lib.reporting.tables import PaperTable

_CAPTION = (
    "Task addition with subsets of the task vectors: test accuracy over that of the tasks' own models, mean over the "
    "subset's own tasks and over all tasks; mean ± standard deviation over subsets (%)"
)


def table(sizes: pd.DataFrame) -> PaperTable:
    """A row per mode and number of task vectors: the number of subsets, and for each model both means, ± the standard
    deviation over subsets, in percent.

    sizes: rows (model, mode, size, subsets, own, own_std, all, all_std), of the same modes and sizes for every model.
    """
    models = list(dict.fromkeys(sizes["model"]))
    rows = sizes.set_index(["model", "mode", "size"])
    lines = list(dict.fromkeys(zip(sizes["mode"], sizes["size"], strict=True)))
    cells = [
        [
            str(rows.loc[(models[0], *line), "subsets"]),
            *(_cell(rows.loc[(model, *line)], name) for model in models for name in MEASURED),
        ]
        for line in lines
    ]
    heads = [("", "Subsets"), *((model, head) for model in models for head in ("Own tasks (↑)", "All tasks (↑)"))]
    return PaperTable(_CAPTION, heads, [f"{title(mode)}, {_vectors(size)}" for mode, size in lines], cells)


def interval_note(intervals: pd.DataFrame, *, images: int, resamples: int) -> str:
    """What the intervals of the csv file are. intervals: its rows; images: how many test images stand behind them."""
    reach = [(intervals[name] - intervals[f"{name}_{end}"]).abs().max() for name in MEASURED for end in ("low", "high")]
    return (
        f"95 % intervals of the means reach at most {100 * max(reach):.1f} points from them; each is in subsets.csv "
        f"(own_low, own_high, all_low, all_high). They come from a bootstrap over the {images:,} test images of all "
        f"tasks ({resamples:,} resamples), and hold for these subsets."
    )


def _cell(row: pd.Series, name: str) -> str:
    spread = row[f"{name}_std"]
    return f"{100 * row[name]:.1f}" + ("" if pd.isna(spread) else f" ± {100 * spread:.1f}")


def _vectors(size: int) -> str:
    return f"{size} vector{'s'[: size != 1]}"
