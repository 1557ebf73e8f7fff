"""How far parameters, features and kernel moved: one figure per model."""

from collections.abc import Sequence
from pathlib import Path

from lib.reporting.figures.laziness import distances
from lib.reporting.figures.style import save
from workflow_scripts.job import adapter
from workflow_scripts.reporting.laziness_table import read


def main(moved: Sequence[str], folder: Path, *, tasks: Sequence[str]) -> None:
    """Write laziness_{model}. Raises OwnFileError for a file that lacks a task or is damaged."""
    for model, rows in read(moved, tasks).groupby("model", sort=False):
        save(distances(rows, tasks), folder / f"laziness_{model}")


if __name__ == "__main__":
    with adapter.job(snakemake):
        folder = Path(snakemake.output.figures[0]).parent
        main(list(snakemake.input.moved), folder, tasks=snakemake.params.tasks)
