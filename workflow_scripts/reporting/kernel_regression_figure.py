"""Kernel regression against fine-tuning: one figure per model."""

from collections.abc import Sequence
from pathlib import Path

from lib.reporting.figures.kernel_regression import kernel_against_tuning
from lib.reporting.figures.style import save
from workflow_scripts.job import adapter
from workflow_scripts.reporting import frames


def main(table: str, folder: Path, *, tasks: Sequence[str]) -> None:
    """Write kernel_regression_{model} of every model in kernel_regression.csv. Raises OwnFileError."""
    frame = frames.read([table], ("accuracy", "std"), empty=("std",), identity=("model", "task"))
    for model, rows in frame.astype({"shots": int}).groupby("model", sort=False):
        save(kernel_against_tuning(rows, tasks), folder / f"kernel_regression_{model}")


if __name__ == "__main__":
    with adapter.job(snakemake):
        folder = Path(snakemake.output.figures[0]).parent
        main(snakemake.input.table, folder, tasks=snakemake.params.tasks)
