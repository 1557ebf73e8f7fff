"""Tables, findings and figures made again from per-task results, in a folder of their own, and compared."""

from __future__ import annotations

import os
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pandas as pd

from workflow_scripts.audit.run import Fault, Run
from workflow_scripts.reporting import alpha_sweeps, findings, heatmaps, loss_curves, scatters, tables


def written_tables(run: Run) -> Iterator[Fault]:
    """Every table is what its per-task results give, to the byte; a cell that differs is named."""
    record = next((record for record in run.graph.records if record.rule == "tables"), None)
    with tempfile.TemporaryDirectory() as made:
        tables.main(
            Path(made),
            single_task=_files(run, *_single_tasks(run)),
            addition=_files(run, *_tested(run, "addition")),
            negation=_files(run, *_tested(run, "negation")),
            manifests=_files(run, *(run.format(run.files.manifest, task=task.name) for task in run.tasks)),
            tasks=run.bench.task_names,
            control=run.bench.control.name,
            footnotes=record.params["footnotes"] if record else [],
        )
        for again in sorted(Path(made).iterdir()):
            yield from _same(run, f"{run.files.tables}/{again.name}", again)


def written_findings(run: Run) -> Iterator[Fault]:
    """The findings are what tables and grids give."""
    grid = run.bench.evaluation["alphas"]
    with tempfile.TemporaryDirectory() as made:
        again = Path(made, "findings.md")
        findings.main(
            again,
            addition=str(run.path(f"{run.files.tables}/addition.csv")),
            negation=str(run.path(f"{run.files.tables}/negation.csv")),
            grids=_files(run, *_grids(run)),
            control_floor=run.bench.evaluation["control_floor"],
            search_space=[grid["start"], grid["stop"]],
        )
        yield from _same(run, run.files.findings, again)


def drawn_figures(run: Run) -> Iterator[Fault]:
    """Every figure is what its rows give, to the byte: matplotlib draws one file from one set of points."""
    bench, grid = run.bench, run.bench.evaluation["alphas"]
    models = [model.name for model in bench.models]
    sweeps = _tested(run, "addition", "sweep_val.csv")
    logs = [run.format(run.files.training_log, **job.wildcards) for job in run.jobs if job.rule in _TRAINED]
    single = _files(run, *(run.format(run.files.single_task, **where) for where in run.evaluated("addition")))
    with tempfile.TemporaryDirectory() as made:
        folder = Path(made)
        if bench.scattered:
            scatters.main(single, folder, modes=bench.scattered, tasks=bench.task_names)
        alpha_sweeps.main(_files(run, *sweeps), _files(run, *_tested(run, "addition")), single, folder)
        loss_curves.main(
            _files(run, *logs),
            folder,
            models=models,
            modes=bench.trained_modes,
            tasks=bench.task_names,
            every=bench.finetune["log_every"],
        )
        if bench.pairs:
            heatmaps.main(_files(run, *_grids(run)), folder, (grid["start"], grid["stop"]))
        for again in sorted(folder.iterdir()):
            yield from _same(run, f"{run.files.figures}/{again.name}", again)


_TRAINED = ("finetune", "import_checkpoint")


def _same(run: Run, file: str, again: Path) -> Iterator[Fault]:
    there = run.path(file)
    if not there.is_file():
        yield Fault(file, "absent; run the same command again")
    elif there.read_bytes() != again.read_bytes():
        cells = list(_cells(there, again)) if file.endswith(".csv") else []
        yield from (Fault(file, cell) for cell in cells[:20])
        if not cells:
            yield Fault(file, "is not what the results give; delete it and run the same command again")


def _cells(there: Path, again: Path) -> Iterator[str]:
    """The cells of a table that differ."""
    try:
        told, expected = pd.read_csv(there, dtype=str), pd.read_csv(again, dtype=str)
    except ValueError:
        return
    if list(told) != list(expected) or len(told) != len(expected):
        yield f"has {len(told)} rows of {list(told)}, the results give {len(expected)} of {list(expected)}"
        return
    keys = [key for key in ("model", "seed", "mode", "rule", "task", "split") if key in expected]
    for column in expected:
        for row in range(len(expected)):
            one, other = told[column][row], expected[column][row]
            if one != other and not (pd.isna(one) and pd.isna(other)):
                where = ", ".join(str(expected[key][row]) for key in keys)
                yield f"{column} of {where} is {one}, the results give {other}"


def _single_tasks(run: Run) -> list[str]:
    pretrained = [run.format(run.files.pretrained_accuracy, model=model.name) for model in run.bench.models]
    return [*pretrained, *(run.format(run.files.single_task, **where) for where in run.evaluated("single_task"))]


def _tested(run: Run, evaluation: str, name: str = "test.csv") -> list[str]:
    of_what = ("merging", run.bench.rules) if evaluation == "addition" else ("task", run.bench.task_names)
    folder = run.files.addition if evaluation == "addition" else run.files.negation
    places = run.evaluated(evaluation)
    return [f"{run.format(folder, **where, **{of_what[0]: one})}/{name}" for where in places for one in of_what[1]]


def _grids(run: Run) -> list[str]:
    places = run.evaluated("disentanglement")
    return [run.format(run.files.disentanglement, **where, pair=pair) for where in places for pair in run.bench.pairs]


def _files(run: Run, *files: str) -> list[str]:
    return [os.fspath(run.path(file)) for file in files]
