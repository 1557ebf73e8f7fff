"""The papers' tables: from rows of accuracies to csv columns, and to Markdown and LaTeX in the papers' shape.

Frames hold fractions; percent appears only in the rendered tables. `seed` is empty for the pre-trained model.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from itertools import product

import pandas as pd

from lib.reporting import papers
from lib.reporting.labels import KEYS, MEAN, PRETRAINED, title

_PAGE_WIDTH = 12  # numeric columns that fit a page
_SOURCE = 'Source of the columns "paper":'
_DEVIATIONS = "Deviations from the papers' data:"


def addition(per_task: pd.DataFrame, single_task: pd.DataFrame, tasks: Sequence[str]) -> pd.DataFrame:
    """Rows (model, seed, mode, alpha, absolute, normalized, single): means over tasks on test; the pre-trained first.

    per_task: (model, seed, mode, alpha, task, accuracy, normalized), with a column `rule` if a run has several merging
    rules, which is kept; single_task gives the pre-trained accuracies, and `single`, that of the mode's own models.
    """
    keys = [*KEYS, *(["rule"] if "rule" in per_task else [])]
    edited = per_task.groupby(keys, sort=False, dropna=False).agg(
        alpha=("alpha", "first"), absolute=("accuracy", "mean"), normalized=("normalized", "mean")
    )
    edited = edited.reset_index().merge(single_task_means(single_task, tasks, "single"), on=KEYS, how="left")
    return pd.concat([_pretrained(single_task, tasks, "absolute"), edited], ignore_index=True)


def without_single_rule(frame: pd.DataFrame) -> pd.DataFrame:
    """The frame without its column `rule`, if all rows are of `sum`: task arithmetic needs no further name."""
    return frame.drop(columns="rule") if set(frame["rule"]) == {"sum"} else frame


def negation(per_task: pd.DataFrame, single_task: pd.DataFrame, tasks: Sequence[str], control: str) -> pd.DataFrame:
    """Rows (model, seed, mode, target, control): means over the negated tasks on test; the pre-trained model first."""
    edited = per_task.groupby(KEYS, sort=False, dropna=False)[["target", "control"]].mean().reset_index()
    pretrained = _pretrained(single_task, tasks, "target")
    pretrained["control"] = _pretrained(single_task, [control], "control")["control"]
    return pd.concat([pretrained, edited], ignore_index=True)


def single_task_means(single_task: pd.DataFrame, tasks: Sequence[str], column: str) -> pd.DataFrame:
    """Rows (model, seed, mode, <column>): the mean test accuracy over these tasks."""
    chosen = single_task["split"].eq("test") & single_task["task"].isin(tasks)
    rows = single_task[chosen].groupby(KEYS, sort=False, dropna=False)["accuracy"].mean()
    return rows.rename(column).reset_index()


def _pretrained(single_task: pd.DataFrame, tasks: Sequence[str], column: str) -> pd.DataFrame:
    return single_task_means(single_task[single_task["mode"].eq(PRETRAINED)], tasks, column)


@dataclass(frozen=True)
class PaperTable:
    """A table as printed: a group of columns per model, one row per mode.

    cells[row][column] is text; columns are (group, name). source: where the numbers in the columns "paper" are printed.
    notes: what the numbers rest on, footnotes: what differs from the papers' data; one sentence each.
    """

    caption: str
    columns: list[tuple[str, str]]
    rows: list[str]
    cells: list[list[str]]
    source: str = ""
    footnotes: tuple[str, ...] = ()
    notes: tuple[str, ...] = ()

    def with_notes(self, notes: Sequence[str]) -> PaperTable:
        """The same table with these notes."""
        return replace(self, notes=tuple(notes))

    def with_footnotes(self, footnotes: Sequence[str]) -> PaperTable:
        """The same table with these footnotes."""
        return replace(self, footnotes=tuple(footnotes))

    def markdown(self) -> str:
        """GitHub's Markdown, numbers aligned right."""
        names = [f"{group} {name}".strip() for group, name in self.columns]
        frame = pd.DataFrame(self.cells, columns=names)
        frame.insert(0, "Method", self.rows)
        aligned = frame.to_markdown(index=False, disable_numparse=True, colalign=["left"] + ["right"] * len(names))
        parts = [self.caption, aligned]
        if self.source:
            parts.append(f"{_SOURCE} {self.source}.")
        parts += self.notes
        if self.footnotes:
            parts += [_DEVIATIONS, "\n".join(f"- {note}" for note in self.footnotes)]
        return "\n\n".join(parts) + "\n"

    def latex(self) -> str:
        """A booktabs tabular with the models as spanning heads."""
        groups = list(dict.fromkeys(group for group, _ in self.columns))
        widths = [sum(group == g for g, _ in self.columns) for group in groups]
        starts = [2 + sum(widths[:i]) for i in range(len(groups))]
        lines = [f"% {self.caption}", rf"\begin{{tabular}}{{l{'r' * len(self.columns)}}}", r"\toprule"]
        if any(groups):
            heads = (rf"\multicolumn{{{w}}}{{c}}{{{_tex(g)}}}" for g, w in zip(groups, widths, strict=True))
            rules = (rf"\cmidrule(lr){{{s}-{s + w - 1}}}" for s, w in zip(starts, widths, strict=True))
            lines += [rf"& {' & '.join(heads)} \\", "".join(rules)]
        lines += [rf"Method & {' & '.join(_tex(name) for _, name in self.columns)} \\", r"\midrule"]
        lines += [
            rf"{_tex(row)} & {' & '.join(map(_tex, cells))} \\"
            for row, cells in zip(self.rows, self.cells, strict=True)
        ]
        lines += [r"\bottomrule", r"\end{tabular}"]
        if len(self.columns) > _PAGE_WIDTH:
            lines = [lines[0], r"\resizebox{\linewidth}{!}{% graphicx: too many columns for a page", *lines[1:], "}"]
        if self.source:
            lines.append(f"% {_SOURCE} {self.source}.")
        lines += [f"% {note}" for note in self.notes]
        if self.footnotes:
            lines += [f"% {_DEVIATIONS}", *(f"% - {note}" for note in self.footnotes)]
        return "\n".join([*lines, ""])


def paper_table(
    frame: pd.DataFrame, columns: Mapping[str, str], *, caption: str, compared: str | None = None
) -> PaperTable:
    """Shape rows (model, seed, mode, <columns>) of fractions like the papers' Tables 1 and 2.

    columns: column of the frame -> its printed name. Cells are percent, mean ± standard deviation over seeds if there
    are several. A column `rule` gives a row per mode and merging rule. compared: a table of `lib.reporting.papers`; the
    columns and models that it has are followed by the paper's value and by the difference of our mean from it, in
    points; the papers add task vectors by the rule `sum`.
    """
    models, methods = list(dict.fromkeys(frame["model"])), _methods(frame)
    reported = [model for model in models if compared is not None and papers.reports(compared, model)]
    heads, cells = [], [[] for _ in methods]
    for model, (column, name) in product(models, columns.items()):
        beside = model in reported and papers.has_column(compared, column)
        heads += [(model, head) for head in ([name, f"{name} paper", f"{name} diff."] if beside else [name])]
        for row, (mode, rule) in zip(cells, methods, strict=True):
            ours = _rows_of(frame, mode, rule, model)
            row.append(_cell(ours, column))
            theirs = papers.reported(compared, model, mode, column) if beside and rule in (None, "sum") else None
            row += _comparison(ours, column, theirs) if beside else []
    source = papers.source(compared) if reported else ""
    return PaperTable(caption, heads, [title(*method) for method in methods], cells, source)


def _methods(frame: pd.DataFrame) -> list[tuple[str, str | None]]:
    """(mode, merging rule) in order; the rule is None where there is but one, or none."""
    rules = frame["rule"] if "rule" in frame else [None] * len(frame)
    pairs = zip(frame["mode"], rules, strict=True)
    return list(dict.fromkeys((mode, None if pd.isna(rule) else rule) for mode, rule in pairs))


def _rows_of(frame: pd.DataFrame, mode: str, rule: str | None, model: str) -> pd.DataFrame:
    rows = frame[(frame["model"] == model) & (frame["mode"] == mode)]
    return rows if rule is None else rows[rows["rule"] == rule]


def deviations(manifests: Sequence[Mapping], tasks: Sequence[str]) -> list[str]:
    """'Task: sentence' for every deviation that the manifests of these tasks declare, in the manifests' order."""
    return [f"{m['task']}: {sentence}" for m in manifests if m["task"] in tasks for sentence in m["deviations"]]


def single_task_table(frame: pd.DataFrame, tasks: Sequence[str], *, caption: str) -> PaperTable:
    """Test accuracy in percent: one row per model and mode (and merging rule), one column per task, and their mean."""
    test = frame[(frame["split"] == "test") & frame["task"].isin(tasks)]
    keys = [*KEYS, *(["rule"] if "rule" in frame else [])]
    wide = test.pivot(index=keys, columns="task", values="accuracy")[list(tasks)]
    wide[MEAN] = wide.mean(axis=1)
    wide = wide.reset_index()
    order = [(model, method) for model in dict.fromkeys(frame["model"]) for method in _methods(frame)]
    parts = [_rows_of(wide, *method, model) for model, method in order]
    several = frame["model"].nunique() > 1
    names = [f"{model}, {title(*method)}" if several else title(*method) for model, method in order]
    heads = [("", name) for name in [*tasks, MEAN]]
    return PaperTable(caption, heads, names, [[_cell(part, name) for _, name in heads] for part in parts])


def interval_note(name: str, widest: float, resamples: int) -> str:
    """What the intervals of a table are, and how far they reach. widest: a fraction."""
    return (
        f"95 % intervals reach at most {100 * widest:.1f} points from a number; each is in {name}.csv (low, high, n). "
        f"They come from a bootstrap over test images ({resamples:,} resamples)."
    )


def percent(values: Sequence[float]) -> str:
    """Fractions as percent with one decimal: their mean, ± standard deviation if there are several; "-" for none."""
    known = pd.Series(list(values), dtype=float).dropna()
    if known.empty:
        return "-"
    spread = f" ± {100 * known.std(ddof=1):.1f}" if len(known) > 1 else ""
    return f"{100 * known.mean():.1f}{spread}"


def _comparison(ours: pd.DataFrame, column: str, theirs: float | None) -> list[str]:
    """The paper's percent, and ours minus theirs in points."""
    if theirs is None:
        return ["-", "-"]
    known = ours[column].dropna()
    if known.empty:
        return [percent([theirs]), "-"]
    points = round(100 * (known.mean() - theirs), 1) + 0.0  # no negative zero
    return [percent([theirs]), f"{points:+.1f}"]


def _cell(rows: pd.DataFrame, column: str) -> str:
    return percent(rows.get(column, []))


def _tex(text: str) -> str:
    for plain, escaped in {
        "±": r"$\pm$",
        "%": r"\%",
        "_": r"\_",
        "&": r"\&",
        "↑": r"$\uparrow$",
        "↓": r"$\downarrow$",
    }.items():
        text = text.replace(plain, escaped)
    return text
