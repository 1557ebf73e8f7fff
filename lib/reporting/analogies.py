"""The table of analogies: accuracy on task d against the number of its images, from two starting points."""

from __future__ import annotations

import math

import pandas as pd

from lib.reporting.labels import KEYS, PRETRAINED, title
from lib.reporting.tables import PaperTable, percent

ALL = "all"  # shots of d's own fine-tuned model
ANALOGY = "analogy"  # the edited model, where accuracies or fine-tuning start
STARTS = {PRETRAINED: "from pre-trained", ANALOGY: "from analogy"}
_RUN = [*KEYS, "quadruple"]


def analogies(found: pd.DataFrame) -> pd.DataFrame:
    """The rows (model, seed, mode, quadruple, task, start, shots, ...), those of one run together, shots ascending.

    shots: text, the number of images per class of task d that a model saw, or ALL.
    """
    runs = found.groupby(_RUN, sort=False)
    return pd.concat([rows.sort_values(["start", "shots"], key=_places) for _, rows in runs], ignore_index=True)


def analogies_table(frame: pd.DataFrame, *, caption: str) -> PaperTable:
    """Accuracy in percent, mean ± standard deviation over seeds: a row per model, mode, quadruple and start."""
    shots = list(dict.fromkeys(sorted(frame["shots"], key=_number)))
    several = frame["model"].nunique() > 1
    names, cells = [], []
    for (model, mode, quadruple, start), rows in frame.groupby(["model", "mode", "quadruple", "start"], sort=False):
        names.append(", ".join([*([model] if several else []), title(mode), equation(quadruple), STARTS[start]]))
        cells.append([percent(rows[rows["shots"] == number]["accuracy"]) for number in shots])
    return PaperTable(caption, [("", _head(number)) for number in shots], names, cells)


def equation(quadruple: str) -> str:
    """a : b = c : d, as a reader of analogies writes it."""
    a, b, c, d = quadruple.split("--")
    return f"{a} : {b} = {c} : {d}"


def _head(shots: str) -> str:
    return f"{shots} images" if shots == ALL else f"{shots} {'shot' if shots == '1' else 'shots'}"


def _number(shots: str) -> float:
    return math.inf if shots == ALL else int(shots)


def _places(column: pd.Series) -> pd.Series:
    return column.map(_number if column.name == "shots" else list(STARTS).index)
