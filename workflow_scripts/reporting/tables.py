"""Collect all accuracies into the run's tables: csv, Markdown and LaTeX."""

import json
from collections.abc import Sequence
from pathlib import Path

import pandas as pd

from lib.files import atomic
from lib.reporting import papers, tables
from workflow_scripts.job import adapter
from workflow_scripts.reporting import frames

_COLUMNS = {
    "addition": {"absolute": "Abs. (↑)", "normalized": "Norm. (↑)"},
    "negation": {"target": "Targ. (↓)", "control": "Cont. (↑)"},
}
_MEANS = {
    "addition": "mean test accuracy over the tasks",
    "negation": "mean test accuracy on the negated and on the control task",
}


def main(
    folder: Path,
    *,
    single_task: Sequence[str],
    addition: Sequence[str],
    negation: Sequence[str],
    manifests: Sequence[str],
    tasks: Sequence[str],
    control: str,
    footnotes: Sequence[str] = (),
) -> None:
    """Write {single_task, addition, addition_per_task, negation, negation_per_task}.{csv, md, tex} to `folder`.

    The papers' numbers stand beside ours if tasks and control are the papers'; the deviations that the manifests of the
    data declare are footnotes, followed by `footnotes`.
    """
    single, negated = frames.read(single_task), frames.read(negation)
    added = tables.without_single_rule(frames.read(addition))
    shown = {
        "single_task": single,
        "addition": tables.addition(added, single, tasks),
        "addition_per_task": added.drop(columns="n"),
        "negation": tables.negation(negated, single, tasks, control),
        "negation_per_task": negated,
    }
    declared = [json.loads(Path(path).read_text()) for path in manifests]
    for name, frame in shown.items():
        with atomic.whole(folder / f"{name}.csv") as temporary:
            frame.to_csv(temporary, index=False)
        table = _paper_table(name, frame, tasks, compared=papers.same_benchmark(tasks, control))
        of_tasks = [*tasks, control] if name == "negation" else tasks
        table = table.with_footnotes([*tables.deviations(declared, of_tasks), *footnotes])
        atomic.write_text(folder / f"{name}.md", table.markdown())
        atomic.write_text(folder / f"{name}.tex", table.latex())


def _paper_table(name: str, frame: pd.DataFrame, tasks: Sequence[str], *, compared: bool) -> tables.PaperTable:
    if name == "single_task":
        return tables.single_task_table(frame, tasks, caption="Test accuracy of each task's own model (%)")
    if name in _COLUMNS:
        caption = f"Task {name}: {_MEANS[name]} (%)"
        return tables.paper_table(frame, _COLUMNS[name], caption=caption, compared=name if compared else None)
    value = "accuracy" if name == "addition_per_task" else "target"
    caption = {
        "addition_per_task": "Task addition: test accuracy of the sum of all task vectors, by task (%)",
        "negation_per_task": "Task negation: test accuracy on the negated task (%)",
    }[name]
    rows = frame.rename(columns={value: "accuracy"}).assign(split="test")
    return tables.single_task_table(rows, tasks, caption=caption)


if __name__ == "__main__":
    with adapter.job(snakemake):
        inputs, params = snakemake.input, snakemake.params
        main(
            Path(snakemake.output.tables[0]).parent,
            single_task=inputs.single_task,
            addition=inputs.addition,
            negation=inputs.negation,
            manifests=inputs.manifests,
            tasks=params.tasks,
            control=params.control,
            footnotes=params.footnotes,
        )
