"""The arena: every merging rule in every mode, by several normalisations, with what it read and what training cost.

All numbers come from resampled test accuracies, so each has an interval, and all are paired.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np
import pandas as pd

from lib.reporting.bootstrap import interval, ratio
from lib.reporting.intervals import SUM
from lib.reporting.labels import KEYS, PRETRAINED, RULE, title
from lib.reporting.resamples import Resampled, Who
from lib.reporting.tables import PaperTable, percent

STANDARD = "standard"  # the mode whose models the second normalisation divides by
MEASURED = {
    "absolute": "Abs. (↑)",
    "normalized": "Norm. (↑)",
    "single": "Single (↑)",
    "normalized_standard": "Norm. std. (↑)",
    "nai": "NAI (↑)",
    "target": "Targ. (↓)",
    "control": "Cont. (↑)",
}
_CAPTION = (
    "The arena: task addition by every merging rule in every mode. Mean over the tasks on test (%): accuracy, the same "
    "over that of the mode's own single-task models, these themselves, over those of standard fine-tuning, and the "
    "share of the way from zero-shot to single-task accuracy (NAI); in the rows of the sum, accuracy of task negation "
    "(which merges nothing) on the negated and on the control task; alpha as chosen on validation; FLOPs of training "
    "over those of standard fine-tuning; data that the method read beside its tasks' training images and the "
    "validation labels that alpha is chosen by"
)


def arena(
    found: Resampled,
    chosen: pd.DataFrame,
    tasks: Sequence[str],
    *,
    reads: Mapping[str, Mapping[str, str]],
    costs: Mapping[str, Mapping[str, float]],
) -> pd.DataFrame:
    """Rows (model, seed, mode, rule, reads, cost, alpha, the columns of MEASURED with low and high, n), of each model
    the pre-trained one first.

    chosen: (model, seed, mode, rule, alpha), a row or more per addition; reads: mode -> rule -> words; costs: model ->
    mode -> FLOPs of training over those of standard fine-tuning. Raises KeyError for an accuracy that is not resampled.
    """
    rows = []
    for model, of_model in chosen.drop_duplicates([*KEYS, RULE]).groupby("model", sort=False):
        before = Who.pretrained(model)
        zero_shot = {"absolute": found.mean("zero_shot", before, tasks)}
        rows.append(_row({"model": model, "mode": PRETRAINED}, zero_shot, found.images("zero_shot", before, tasks)))
        for one in of_model.to_dict("records"):
            who, rule = Who(model, int(one["seed"]), one["mode"]), one[RULE]
            told = {"reads": reads[who.mode][rule], "cost": costs[model][who.mode], "alpha": one["alpha"]}
            samples = measured(found, who, rule, tasks)
            n = found.images("addition", who, tasks, rule)
            rows.append(_row({**dict(zip(KEYS, who, strict=True)), RULE: rule, **told}, samples, n))
    ends = [f"{name}{end}" for name in MEASURED for end in ("", "_low", "_high")]
    columns = [*KEYS, RULE, "reads", "cost", "alpha", *ends, "n"]
    return pd.DataFrame(rows, columns=columns).astype({"seed": "Int64"})


def measured(found: Resampled, who: Who, rule: str, tasks: Sequence[str]) -> dict[str, np.ndarray]:
    """Float64[1 + b] of each column of MEASURED, NaN where a denominator is zero. Left out: the column of standard
    fine-tuning if there is none of the same seed; those of negation for other rules than the sum, or if there is none.

    NAI is the mean over tasks of (acc - zero-shot) / (single - zero-shot) (Marczak et al. 2025, Eq. 4).
    """
    accuracy = found.per_task("addition", who, tasks, rule)
    single = found.per_task("single_task", who, tasks)
    zero_shot = found.per_task("zero_shot", Who.pretrained(who.model), tasks)
    values = {
        "absolute": accuracy.mean(0),
        "normalized": ratio(accuracy, single).mean(0),
        "single": single.mean(0),
        "nai": ratio(accuracy - zero_shot, single - zero_shot).mean(0),
    }
    if who.seed in found.runs("single_task", who.model).get(STANDARD, ()):
        standard = found.per_task("single_task", who._replace(mode=STANDARD), tasks)
        values["normalized_standard"] = ratio(accuracy, standard).mean(0)
    if rule == SUM and who.seed in found.runs("target", who.model).get(who.mode, ()):
        values |= {side: found.mean(side, who, tasks) for side in ("target", "control")}
    return values


def arena_table(frame: pd.DataFrame) -> PaperTable:
    """A row per mode and merging rule, mean ± standard deviation over seeds; what it read stands in front."""
    models = list(dict.fromkeys(frame["model"]))
    methods = list(dict.fromkeys(zip(frame["mode"], frame[RULE].fillna(""), strict=True)))
    heads = [("", "Reads"), *((model, head) for model in models for head in (*MEASURED.values(), "alpha", "Cost"))]
    cells = []
    for mode, rule in methods:
        rows = frame[(frame["mode"] == mode) & (frame[RULE].fillna("") == rule)]
        told = rows["reads"].dropna()
        cells.append([told.iloc[0] if len(told) else "-"])
        for model in models:
            own = rows[rows["model"] == model]
            cells[-1] += [*(percent(own[name]) for name in MEASURED), _mean(own["alpha"]), _mean(own["cost"])]
    return PaperTable(_CAPTION, heads, [title(mode, rule or None) for mode, rule in methods], cells)


def _row(who: Mapping[str, object], samples: Mapping[str, np.ndarray], n: int) -> dict[str, object]:
    row = {**who, "n": n}
    for name, values in samples.items():
        low, high = interval(values[1:])
        row |= {name: float(values[0]), f"{name}_low": float(low), f"{name}_high": float(high)}
    return row


def _mean(values: pd.Series) -> str:
    """Two decimals, ± standard deviation if there are several values that differ."""
    known = values.dropna()
    if known.empty:
        return "-"
    return f"{known.mean():.2f}" + (f" ± {known.std(ddof=1):.2f}" if known.nunique() > 1 else "")
