"""Tables and figures of the kernel view, made again for `workflow_scripts.audit.report`."""

from __future__ import annotations

from pathlib import Path

from workflow_scripts.audit.run import Run
from workflow_scripts.configuration import drift, resolution
from workflow_scripts.reporting import (
    drift_table,
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
        energies = run.paths(files.localization, bench.kernels.localized(bench.models))
        localization_table.main(energies, folder, bootstrap=bench.bootstrap)
    if kernels.regression:
        _write_regression(run, folder)
    if kernels.wide_networks:
        wide_networks_table.main(str(run.path(files.wide_networks)), folder)
    if kernels.laziness:
        laziness_table.main(run.paths(files.laziness, bench.diagnosed()), folder, tasks=bench.task_names)
    if kernels.drift:
        drift_table.main(*_drifts(run), folder, tasks=bench.task_names, bootstrap=bench.bootstrap)


def draw_figures(run: Run, folder: Path) -> None:
    """Those figures that the run has, from what its jobs measured and from its tables, in a folder."""
    bench, kernels, files = run.bench, run.bench.kernels, run.files
    if kernels.localization:
        energies = run.paths(files.localization, bench.kernels.localized(bench.models))
        localization_figures.main(energies, _table(run, "localization"), folder, twins=resolution.twins(bench))
    if kernels.regression:
        kernel_regression_figure.main(_table(run, "kernel_regression"), folder, tasks=kernels.regression_tasks)
    if kernels.wide_networks:
        wide_networks_figures.main(str(run.path(files.wide_networks)), folder)
    if kernels.laziness:
        laziness_figure.main(run.paths(files.laziness, bench.diagnosed()), folder, tasks=bench.task_names)


def estimated(run: Run) -> dict[str, object]:
    """What the findings say of kernels rests on: local energies, accuracies, predictions and drifts."""
    bench = run.bench
    return {
        "energies": run.paths(run.files.localization, bench.kernels.localized(bench.models)),
        "regression": dict(zip(*_regressed(run), strict=True)),
        "regression_drawn": bench.kernels.regression_settings,
        "drifts": dict(zip(*_drifts(run), strict=True)),
    }


def _write_regression(run: Run, folder: Path) -> None:
    settings = run.bench.kernels.regression_settings
    kernel_regression_table.main(
        *_regressed(run),
        run.indices(run.bench.kernels.regression_tasks),
        folder,
        test=settings["test"],
        seed=settings["seed"],
        bootstrap=run.bench.bootstrap,
        footnotes=run.footnotes("kernel_regression_table"),
    )


def _regressed(run: Run) -> tuple[list[str], list[str]]:
    """The files of accuracies, and of predictions, of kernel regression."""
    places = run.bench.kernels.regressed(run.bench.pretrained)
    accuracies, stored = (
        run.paths(f"{run.files.regression}/{name}", places) for name in ("tested.csv", "predictions.npz")
    )
    return accuracies, stored


def _drifts(run: Run) -> list[list[str]]:
    """The files of drifts of pairs, and of images."""
    places = drift.measured(run.bench)
    return [run.paths(f"{run.files.drift}/{name}", places) for name in ("pairs.csv", "images.npz")]


def _table(run: Run, name: str) -> str:
    return str(run.path(f"{run.files.tables}/{name}.csv"))
