"""What `workflow_scripts.audit.report` makes again of controls of negation, of analogies and of subsets."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from pathlib import Path

from lib.reporting.bootstrap import Bootstrap
from workflow_scripts.audit.run import Run
from workflow_scripts.configuration import resolution
from workflow_scripts.reporting import analogies_figure, analogies_table, negation_controls_table


def write_tables(run: Run, folder: Path) -> None:
    """Those tables that the run has, from accuracies and predictions, in a folder."""
    if run.bench.negation_controls:
        _write_controls(run, folder)
    if run.bench.analogies.by_name:
        _write_analogies(run, folder)


def draw_figures(run: Run, folder: Path) -> None:
    """Those figures that the run has, from its tables, in a folder."""
    if run.bench.analogies.few_shot_modes:
        table = str(run.path(f"{run.files.tables}/analogies.csv"))
        analogies_figure.main(table, folder, modes=run.bench.analogies.few_shot_modes)


def _write_controls(run: Run, folder: Path) -> None:
    bench, files, tasks = run.bench, run.files, [task.name for task in run.tasks]
    jobs = bench.controls_of_negation()
    stored = (_over(run, f"{files.negation_controls}/{name}", jobs) for name in ("test.csv", "predictions.npz"))
    negation_controls_table.main(
        folder,
        single_task=_over(run, files.pretrained_accuracy, [{"model": model.name} for model in bench.pretrained]),
        controls=dict(zip(*stored, strict=True)),
        negation=_over(run, f"{files.negation}/test.csv", jobs),
        manifests=_over(run, files.manifest, [{"task": task} for task in tasks]),
        labels=_labels(run, tasks),
        resamples=str(run.path(files.resamples)),
        tasks=bench.task_names,
        control=bench.control.name,
        bootstrap=bench.bootstrap,
        footnotes=_footnotes(run, "negation_controls_table"),
    )


def edits(run: Run) -> dict[str, object]:
    """What the findings say of analogies and of subsets rests on: predictions and labels."""
    bench, files = run.bench, run.files
    tested = bench.analogous(bench.analogies.modes)
    stored = (_over(run, f"{files.analogy}/{name}", tested) for name in ("test.csv", "predictions.npz"))
    return {
        "analogies": dict(zip(*stored, strict=True)),
        "subsets": _over(run, f"{files.subsets}/predictions.npz", bench.subset_runs),
        "single_task": _over(run, files.single_task_predictions, bench.subset_runs),
        "samples": resolution.samples(bench),
        "labels": _labels(run, dict.fromkeys([*bench.task_names, *bench.analogies.targets])),
    }


def _write_analogies(run: Run, folder: Path) -> None:
    bench, pattern = run.bench, run.files.analogy
    tested, few_shot = (bench.analogous(modes) for modes in (bench.analogies.modes, bench.analogies.few_shot_modes))
    accuracies = _over(run, f"{pattern}/test.csv", tested) + _over(run, f"{pattern}/few_shot.csv", few_shot)
    stored = _over(run, f"{pattern}/predictions.npz", tested)
    stored += _over(run, f"{pattern}/few_shot_predictions.npz", few_shot)
    analogies_table.main(
        folder,
        dict(zip(accuracies, stored, strict=True)),
        _labels(run, bench.analogies.targets),
        shots=bench.analogies.shots,
        bootstrap=Bootstrap(**bench.bootstrap),
        footnotes=_footnotes(run, "analogies_table"),
    )


def _footnotes(run: Run, rule: str) -> list[str]:
    """What a rule's tables say of jobs of other package versions, by its record."""
    record = next((record for record in run.graph.records if record.rule == rule), None)
    return record.params["footnotes"] if record else []


def _labels(run: Run, tasks: Iterable[str]) -> dict[str, str]:
    """Task -> index of its test split."""
    return {task: str(run.path(run.format(run.files.index, task=task, split="test"))) for task in tasks}


def _over(run: Run, pattern: str, places: Sequence[dict[str, object]]) -> list[str]:
    return [str(run.path(run.format(pattern, **where))) for where in places]
