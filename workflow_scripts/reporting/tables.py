"""Collect all accuracies into the run's tables: csv, Markdown and LaTeX; and the findings."""

import json
from collections.abc import Mapping, Sequence
from pathlib import Path

import numpy as np
import pandas as pd

from lib.files import atomic
from lib.reporting import findings, papers, tables
from workflow_scripts.job import adapter

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
    findings_file: Path,
    *,
    single_task: Sequence[str],
    addition: Sequence[str],
    negation: Sequence[str],
    grids: Mapping[tuple[str, str], Sequence[str]],
    manifests: Sequence[str],
    tasks: Sequence[str],
    control: str,
    control_floor: float,
    search_space: tuple[float, float],
) -> None:
    """Write {single_task, addition, addition_per_task, negation, negation_per_task}.{csv, md, tex} and findings.md.

    The papers' numbers stand beside ours if tasks and control are the papers'; the deviations that the manifests of the
    data declare are footnotes.
    """
    single = _read(single_task)
    added, negated = _read(addition), _read(negation)
    frames = {
        "single_task": single,
        "addition": tables.addition(added, single, tasks),
        "addition_per_task": added.drop(columns="n"),
        "negation": tables.negation(negated, single, tasks, control),
        "negation_per_task": negated,
    }
    declared = [json.loads(Path(path).read_text()) for path in manifests]
    for name, frame in frames.items():
        with atomic.whole(folder / f"{name}.csv") as temporary:
            frame.to_csv(temporary, index=False)
        table = _paper_table(name, frame, tasks, compared=papers.same_benchmark(tasks, control))
        shown = [*tasks, control] if name == "negation" else tasks
        table = table.with_footnotes(tables.deviations(declared, shown))
        atomic.write_text(folder / f"{name}.md", table.markdown())
        atomic.write_text(folder / f"{name}.tex", table.latex())
    errors = {key: float(np.mean([_mean_error(path, search_space) for path in paths])) for key, paths in grids.items()}
    rows = findings.findings(frames["addition"], frames["negation"], errors, floor=control_floor)
    atomic.write_text(findings_file, findings.markdown(rows))


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


def _mean_error(path: str, search_space: tuple[float, float]) -> float:
    with np.load(path) as grid:
        return findings.mean_error(grid["alphas"], grid["error_a"] + grid["error_b"], *search_space)


def _read(paths: Sequence[str]) -> pd.DataFrame:
    frames = [pd.read_csv(path, dtype={"seed": "Int64"}) for path in paths]
    return pd.concat(frames, ignore_index=True)


if __name__ == "__main__":
    with adapter.job(snakemake):
        inputs, params = snakemake.input, snakemake.params
        keys = [tuple(key) for key in params.grids]
        by_key = {key: [path for k, path in zip(keys, inputs.grids, strict=True) if k == key] for key in keys}
        main(
            Path(snakemake.output.findings).parent / "tables",
            Path(snakemake.output.findings),
            single_task=inputs.single_task,
            addition=inputs.addition,
            negation=inputs.negation,
            grids=by_key,
            manifests=inputs.manifests,
            tasks=params.tasks,
            control=params.control,
            control_floor=params.control_floor,
            search_space=tuple(params.search_space),
        )
