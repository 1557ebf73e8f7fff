"""The scorecard: every number that the papers print, beside this run's.

A number counts as reproduced if it lies within the table's tolerance of this run's 95 % interval. Tolerances and their
reasons stand beside the papers' numbers (`lib/reporting/papers/numbers.yaml`).
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass

import pandas as pd

from lib.reporting import papers

NOT_RUN, REPRODUCED, OUTSIDE = "not run", "reproduced", "outside the tolerance"
_CELL = ["table", "model", "row", "column"]


@dataclass(frozen=True)
class Score:
    """One printed number and ours, as fractions; low and high: our 95 % interval."""

    table: str
    model: str
    row: str
    column: str
    paper: float
    ours: float | None
    low: float | None
    high: float | None
    difference: float | None
    tolerance: float
    reason: str
    verdict: str
    note: str
    source: str


def scores(ours: Mapping[str, pd.DataFrame]) -> list[Score]:
    """A row for every number of the papers. ours: table of the papers -> rows (model, row, column, value, low, high) of
    this run, means over seeds; a table that is not there was not run.
    """
    return [score for table in papers.tables() for score in _scores(table, ours.get(table))]


def long(frame: pd.DataFrame, columns: Sequence[str], *, row: str = "mode") -> pd.DataFrame:
    """Rows (model, row, column, value, low, high), means over seeds, of a table of ours with intervals.

    columns: those of our table that the papers print; the interval of each is in {column}_low and {column}_high. row:
    the column that says which row of the papers' table it is.
    """
    parts = []
    for name in columns:
        part = frame.rename(columns={row: "row", name: "value", f"{name}_low": "low", f"{name}_high": "high"})
        parts.append(part.assign(column=name)[["model", "row", "column", "value", "low", "high"]])
    rows = pd.concat(parts, ignore_index=True).dropna(subset="value")
    return rows.groupby(["model", "row", "column"], sort=False).mean().reset_index()


def by_task(frame: pd.DataFrame) -> pd.DataFrame:
    """`long` of test accuracies by task: a column per task."""
    test = frame[frame["split"] == "test"].rename(columns={"mode": "row", "task": "column", "accuracy": "value"})
    rows = test[["model", "row", "column", "value", "low", "high"]]
    return rows.groupby(["model", "row", "column"], sort=False).mean().reset_index()


def frame(found: Sequence[Score]) -> pd.DataFrame:
    """A row per score, of fractions."""
    return pd.DataFrame([asdict(score) for score in found])


def markdown(found: Sequence[Score]) -> str:
    """A summary, then a table for each table of the papers, in percent."""
    counts = {verdict: sum(score.verdict == verdict for score in found) for verdict in (REPRODUCED, OUTSIDE, NOT_RUN)}
    said = ", ".join(f"{count} {verdict}" for verdict, count in counts.items())
    parts = [f"The papers' numbers beside this run's (%): {len(found)} numbers, {said}."]
    for table in papers.tables():
        rows = [score for score in found if score.table == table]
        tolerance, reason = papers.tolerance(table)
        parts.append(f"**{table}**: {papers.source(table)}. Tolerance {100 * tolerance:g} points: {reason}.")
        shown = pd.DataFrame([_shown(score) for score in rows])
        align = ["left", "left", "left", "right", "right", "right", "left", "left"]
        parts.append(shown.to_markdown(index=False, disable_numparse=True, colalign=align))
    return "\n\n".join(parts) + "\n"


def _scores(table: str, ours: pd.DataFrame | None) -> Iterator[Score]:
    tolerance, reason = papers.tolerance(table)
    known = {} if ours is None else {(r["model"], r["row"], r["column"]): r for r in ours.to_dict("records")}
    for model, row, column, paper in papers.cells(table):
        mine = known.get((model, row, column))
        value, low, high = (None, None, None) if mine is None else (mine["value"], mine["low"], mine["high"])
        yield Score(
            table,
            model,
            row,
            column,
            paper,
            value,
            low,
            high,
            None if value is None else value - paper,
            tolerance,
            reason,
            NOT_RUN if value is None else _verdict(paper, low, high, tolerance),
            papers.doubt(table, model, row, column),
            papers.source(table),
        )


def _verdict(paper: float, low: float, high: float, tolerance: float) -> str:
    return REPRODUCED if low - tolerance <= paper <= high + tolerance else OUTSIDE


def _shown(score: Score) -> dict[str, str]:
    run = score.ours is not None
    interval = f" [{100 * score.low:.1f}, {100 * score.high:.1f}]" if run else ""
    return {
        "model": score.model,
        "row": score.row,
        "column": score.column,
        "paper": f"{100 * score.paper:.1f}",
        "this run [95 %]": f"{100 * score.ours:.1f}{interval}" if run else "-",
        "difference": f"{100 * score.difference + 0.0:+.1f}" if run else "-",
        "verdict": score.verdict,
        "note": score.note,
    }
