"""Collect all accuracies into the run's tables: csv, Markdown and LaTeX."""

from collections.abc import Sequence
from pathlib import Path

import pandas as pd

from lib.files import atomic, own_files
from lib.files.own_files import OwnFileError
from lib.reporting import intervals, papers, tables
from lib.reporting.labels import PRETRAINED
from lib.reporting.resamples import Resampled
from workflow_scripts.job import adapter
from workflow_scripts.reporting import frames

_COLUMNS = {
    "addition": {"absolute": "Abs. (↑)", "normalized": "Norm. (↑)", "single": "Single (↑)"},
    "negation": {"target": "Targ. (↓)", "control": "Cont. (↑)"},
}
_MEANS = {
    "addition": "mean test accuracy over the tasks; Single: of each task's own model",
    "negation": "mean test accuracy on the negated and on the control task",
}


def main(
    folder: Path,
    *,
    single_task: Sequence[str],
    addition: Sequence[str],
    negation: Sequence[str],
    manifests: Sequence[str],
    resamples: str,
    tasks: Sequence[str],
    control: str,
    footnotes: Sequence[str] = (),
) -> None:
    """Write {single_task, addition, addition_per_task, negation, negation_per_task}.{csv, md, tex} to `folder`.

    Each number has its 95 % interval, from the file `resamples`. The papers' numbers stand beside ours if tasks and
    control are the papers'; the deviations that the manifests of the data declare are footnotes, followed by
    `footnotes`. Raises OwnFileError for a file that is damaged or lacks rows of these tasks.
    """
    single, negated = single_task_rows(single_task, tasks, control), _negation(negation, tasks)
    by_task = frames.read(addition, ("alpha", "accuracy", "normalized", "n"), asked=lambda rows: {"task": tasks})
    added = tables.without_single_rule(by_task)
    found = Resampled.read(resamples)
    shown = {
        "single_task": intervals.single_task(single, found),
        "addition": intervals.addition(tables.addition(added, single, tasks), found, tasks),
        "addition_per_task": intervals.addition_per_task(added, found),
        "negation": intervals.negation(tables.negation(negated, single, tasks, control), found, tasks, control),
        "negation_per_task": intervals.negation_per_task(negated, found),
    }
    declared = manifests_of(manifests, [*tasks, control])
    for name, frame in shown.items():
        table = _paper_table(name, frame, tasks, compared=papers.same_benchmark(tasks, control))
        of_tasks = [*tasks, control] if name == "negation" else tasks
        table = table.with_footnotes([*tables.deviations(declared, of_tasks), *footnotes])
        table = table.with_notes([tables.interval_note(name, intervals.widest(frame), found.resamples)])
        write(folder, name, frame, table)


def write(folder: Path, name: str, frame: pd.DataFrame, table: tables.PaperTable) -> None:
    """Write {name}.csv, .md and .tex."""
    with atomic.whole(folder / f"{name}.csv") as temporary:
        frame.to_csv(temporary, index=False)
    atomic.write_text(folder / f"{name}.md", table.markdown())
    atomic.write_text(folder / f"{name}.tex", table.latex())


def manifests_of(paths: Sequence[str], tasks: Sequence[str]) -> list[dict[str, object]]:
    """The manifests of these tasks. Raises OwnFileError for one that is damaged or of another task."""
    return [_manifest(path, task) for path, task in zip(paths, tasks, strict=True)]


def single_task_rows(paths: Sequence[str], tasks: Sequence[str], control: str) -> pd.DataFrame:
    """Every task in each split of a file, test among them; of the pre-trained model the control task, too."""

    def asked(rows: pd.DataFrame) -> dict[str, Sequence[str]]:
        of_mode = [*tasks, control] if rows["mode"].iloc[0] == PRETRAINED else tasks
        return {"task": of_mode, "split": list(dict.fromkeys([*rows["split"], "test"]))}

    return frames.read(paths, ("accuracy", "n"), asked=asked)


def _negation(paths: Sequence[str], tasks: Sequence[str]) -> pd.DataFrame:
    """A row or more in every file, and every task once for each model, seed and mode."""
    found = frames.each(paths, ("alpha", "target", "control"))
    for path, frame in found.items():
        frames.require_rows(path, frame, lambda rows: {"task": [task for task in tasks if task in set(rows["task"])]})
    frame, told = frames.joined(found), "delete those with the rows of another task and run the same command again"
    frames.require_rows(frames.together(paths), frame, lambda rows: {"task": tasks}, next_step=told)
    return frame


def _manifest(path: str, task: str) -> dict[str, object]:
    found = own_files.read_json(path, ("task", "deviations"))
    if found["task"] != task:
        raise OwnFileError(path, got=f"the task {found['task']!r}", expected=repr(task))
    return found


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
            resamples=inputs.resamples,
            tasks=params.tasks,
            control=params.control,
            footnotes=params.footnotes,
        )
