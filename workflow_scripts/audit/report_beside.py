"""What `workflow_scripts.audit.report` makes again of controls of negation, analogies, subsets and the arena."""

from __future__ import annotations

from pathlib import Path

from lib.reporting.bootstrap import Bootstrap
from workflow_scripts.audit.run import Run
from workflow_scripts.configuration import arena, resolution
from workflow_scripts.reporting import (
    analogies_figure,
    analogies_table,
    arena_figure,
    arena_table,
    negation_controls_table,
)


def write_tables(run: Run, folder: Path) -> None:
    """Those tables that the run has, from accuracies and predictions, in a folder."""
    if run.bench.negation_controls:
        _write_controls(run, folder)
    if run.bench.analogies.by_name:
        _write_analogies(run, folder)
    if run.bench.arena is not None:
        _write_arena(run, folder)


def draw_figures(run: Run, folder: Path) -> None:
    """Those figures that the run has, from its tables, in a folder."""
    if run.bench.analogies.few_shot_modes:
        table = str(run.path(f"{run.files.tables}/analogies.csv"))
        analogies_figure.main(table, folder, modes=run.bench.analogies.few_shot_modes)
    if run.bench.arena is not None:
        arena_figure.main(str(run.path(f"{run.files.tables}/arena.csv")), folder)


def _write_controls(run: Run, folder: Path) -> None:
    bench, files, tasks = run.bench, run.files, [task.name for task in run.tasks]
    jobs = bench.controls_of_negation()
    stored = (run.paths(f"{files.negation_controls}/{name}", jobs) for name in ("test.csv", "predictions.npz"))
    negation_controls_table.main(
        folder,
        single_task=run.paths(files.pretrained_accuracy, [{"model": model.name} for model in bench.pretrained]),
        controls=dict(zip(*stored, strict=True)),
        negation=run.paths(f"{files.negation}/test.csv", jobs),
        manifests=run.paths(files.manifest, [{"task": task} for task in tasks]),
        labels=run.indices(tasks),
        resamples=str(run.path(files.resamples)),
        tasks=bench.task_names,
        control=bench.control.name,
        bootstrap=bench.bootstrap,
        footnotes=run.footnotes("negation_controls_table"),
    )


def edits(run: Run) -> dict[str, object]:
    """What the findings say of analogies and of subsets rests on: predictions and labels."""
    bench, files = run.bench, run.files
    tested = bench.analogous(bench.analogies.modes)
    stored = (run.paths(f"{files.analogy}/{name}", tested) for name in ("test.csv", "predictions.npz"))
    return {
        "analogies": dict(zip(*stored, strict=True)),
        "subsets": run.paths(f"{files.subsets}/predictions.npz", bench.subset_runs),
        "single_task": run.paths(files.single_task_predictions, bench.subset_runs),
        "samples": resolution.samples(bench),
        "labels": run.indices(dict.fromkeys([*bench.task_names, *bench.analogies.targets])),
    }


def arena_edits(run: Run) -> dict[str, object]:
    """What the findings say of the arena rests on: the sweeps of `sum` on val, predictions and labels."""
    bench, files = run.bench, run.files
    if bench.arena is None:
        return {"arena": False}
    stored = (run.paths(f"{files.addition}/{name}", arena.sums(bench)) for name in ("sweep_val.csv", "predictions.npz"))
    labels = run.indices(bench.task_names, "val")
    return {"arena": True, "arena_sweeps": dict(zip(*stored, strict=True)), "arena_labels": labels}


def _write_arena(run: Run, folder: Path) -> None:
    bench, files = run.bench, run.files
    arena_table.main(
        folder,
        addition=run.paths(f"{files.addition}/test.csv", bench.additions(bench.pretrained)),
        resamples=str(run.path(files.resamples)),
        manifests=run.paths(files.manifest, [{"task": task} for task in bench.task_names]),
        tasks=bench.task_names,
        reads=arena.reads(bench),
        costs=arena.training_costs(bench),
        footnotes=run.footnotes("arena_table"),
    )


def _write_analogies(run: Run, folder: Path) -> None:
    bench, pattern = run.bench, run.files.analogy
    tested, few_shot = (bench.analogous(modes) for modes in (bench.analogies.modes, bench.analogies.few_shot_modes))
    accuracies = run.paths(f"{pattern}/test.csv", tested) + run.paths(f"{pattern}/few_shot.csv", few_shot)
    stored = run.paths(f"{pattern}/predictions.npz", tested)
    stored += run.paths(f"{pattern}/few_shot_predictions.npz", few_shot)
    analogies_table.main(
        folder,
        dict(zip(accuracies, stored, strict=True)),
        run.indices(bench.analogies.targets),
        shots=bench.analogies.shots,
        bootstrap=Bootstrap(**bench.bootstrap),
        footnotes=run.footnotes("analogies_table"),
    )
