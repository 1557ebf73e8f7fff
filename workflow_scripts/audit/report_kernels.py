"""Tables and figures of the kernel view, made again for `workflow_scripts.audit.report`."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from pathlib import Path

from workflow_scripts.audit.run import Run
from workflow_scripts.configuration import resolution
from workflow_scripts.reporting import (
    kernel_regression_figure,
    kernel_regression_table,
    laziness_figure,
    laziness_table,
    localization_figures,
    localization_table,
    wide_networks_figures,
    wide_networks_table,
)


def write_tables(run: Run, folder: Path) -> None:
    """Those tables that the run has, from what its jobs measured, in a folder."""
    bench, kernels, files = run.bench, run.bench.kernels, run.files
    if kernels.localization:
        energies = _over(run, files.localization, bench.kernels.localized(bench.models))
        localization_table.main(energies, folder, bootstrap=bench.bootstrap)
    if kernels.regression:
        _write_regression(run, folder)
    if kernels.wide_networks:
        wide_networks_table.main(str(run.path(files.wide_networks)), folder)
    if kernels.laziness:
        laziness_table.main(_over(run, files.laziness, bench.diagnosed()), folder, tasks=bench.task_names)


def draw_figures(run: Run, folder: Path) -> None:
    """Those figures that the run has, from what its jobs measured and from its tables, in a folder."""
    bench, kernels, files = run.bench, run.bench.kernels, run.files
    if kernels.localization:
        energies, table = (
            _over(run, files.localization, bench.kernels.localized(bench.models)),
            _table(run, "localization"),
        )
        localization_figures.main(energies, table, folder, twins=resolution.twins(bench))
    if kernels.regression:
        kernel_regression_figure.main(_table(run, "kernel_regression"), folder, tasks=kernels.regression_tasks)
    if kernels.wide_networks:
        wide_networks_figures.main(str(run.path(files.wide_networks)), folder)
    if kernels.laziness:
        laziness_figure.main(_over(run, files.laziness, bench.diagnosed()), folder, tasks=bench.task_names)


def estimated(run: Run) -> dict[str, object]:
    """What the findings say of kernels rests on: local energies, accuracies and predictions."""
    bench, pattern = run.bench, run.files.regression
    places = (
        _over(run, f"{pattern}/{name}", bench.kernels.regressed(bench.pretrained))
        for name in ("tested.csv", "predictions.npz")
    )
    return {
        "energies": _over(run, run.files.localization, bench.kernels.localized(bench.models)),
        "regression": dict(zip(*places, strict=True)),
        "regression_drawn": bench.kernels.regression_settings,
    }


def _write_regression(run: Run, folder: Path) -> None:
    bench, pattern, settings = run.bench, run.files.regression, run.bench.kernels.regression_settings
    record = next((record for record in run.graph.records if record.rule == "kernel_regression_table"), None)
    places = (
        _over(run, f"{pattern}/{name}", bench.kernels.regressed(bench.pretrained))
        for name in ("tested.csv", "predictions.npz")
    )
    tasks = bench.kernels.regression_tasks
    labels = (str(run.path(run.format(run.files.index, task=task, split="test"))) for task in tasks)
    kernel_regression_table.main(
        *places,
        dict(zip(tasks, labels, strict=True)),
        folder,
        test=settings["test"],
        seed=settings["seed"],
        bootstrap=bench.bootstrap,
        footnotes=record.params["footnotes"] if record else [],
    )


def _table(run: Run, name: str) -> str:
    return str(run.path(f"{run.files.tables}/{name}.csv"))


def _over(run: Run, pattern: str, places: Iterable[Mapping[str, object]]) -> list[str]:
    return [str(run.path(run.format(pattern, **where))) for where in places]
