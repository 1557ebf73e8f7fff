"""How much of the local energy of a kernel's eigenfunctions lies on their own task's points, with intervals."""

from __future__ import annotations

from collections.abc import Iterable

import numpy as np
import pandas as pd

from lib.files.local_energies import LocalEnergies
from lib.reporting.bootstrap import Bootstrap
from lib.reporting.estimates import Estimate
from lib.reporting.tables import PaperTable

CAPTION = (
    "Eigenfunctions of the NTK before fine-tuning: share of their local energy on the task's own points (%), and how "
    "many are kept by the cut-off; means over logits"
)


def share(found: LocalEnergies, cut: int, bootstrap: Bootstrap) -> Estimate:
    """Sum of E_loc over the task's points over that over all points, in [0, 1], a mean over logits.

    cut: which cut-off. Resamples draw points of the task and of the control task anew, the same ones for every model.
    """
    energy = found.energy[cut]
    own, control = (
        rows * np.column_stack([part.mean(1), bootstrap.means(part, f"{name} fit")])
        for name, rows, part in (
            (found.task, found.own.sum(), energy[:, found.own]),
            (found.control, (~found.own).sum(), energy[:, ~found.own]),
        )
    )
    return Estimate((own / (own + control)).mean(0))


def localization(found: Iterable[LocalEnergies], bootstrap: Bootstrap) -> pd.DataFrame:
    """Rows (model, task, control_task, cut_off, logits, points, rank, share, low, high, uniform).

    rank: mean over logits. low, high: the 95 % interval of the share. uniform: the share of energy that is everywhere
    the same.
    """
    return pd.DataFrame([row for one in found for row in _rows(one, bootstrap)])


def _rows(found: LocalEnergies, bootstrap: Bootstrap) -> Iterable[dict[str, object]]:
    for cut, cut_off in enumerate(found.cut_offs):
        estimate = share(found, cut, bootstrap)
        low, high = estimate.interval
        yield {
            "model": found.model,
            "task": found.task,
            "control_task": found.control,
            "cut_off": cut_off,
            "logits": found.rank.shape[1],
            "points": len(found.own),
            "rank": found.rank[cut].mean(),
            "share": estimate.value,
            "low": low,
            "high": high,
            "uniform": found.own.mean(),
        }


def table(frame: pd.DataFrame, resamples: int) -> PaperTable:
    """A row per task, control task and cut-off; for each model the share in percent and the mean rank."""
    models = list(dict.fromkeys(frame["model"]))
    keys = ["task", "control_task", "cut_off"]
    rows = frame.set_index(["model", *keys])
    lines = list(dict.fromkeys(frame[keys].itertuples(index=False, name=None)))
    cells = [_cells([rows.loc[(model, *line)] for model in models]) for line in lines]
    heads = [(model, name) for model in models for name in ("Own points", "Rank")]
    names = [f"{task} against {control}, {100 * cut_off:g} %" for task, control, cut_off in lines]
    reach = max((frame["share"] - frame["low"]).max(), (frame["high"] - frame["share"]).max())
    note = (
        f"Energy that is the same everywhere would have {100 * frame['uniform'].mean():.0f} % on the task's own "
        f"points. 95 % intervals reach at most {100 * reach:.1f} points from a share; each is in localization.csv. "
        f"They come from a bootstrap over the points ({resamples:,} resamples)."
    )
    return PaperTable(CAPTION, heads, names, cells).with_notes([note])


def _cells(rows: list[pd.Series]) -> list[str]:
    return [text for row in rows for text in (f"{100 * row['share']:.1f}", f"{row['rank']:.1f}")]
