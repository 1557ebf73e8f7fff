"""The table of how lazy fine-tuning was: csv, Markdown and LaTeX."""

from collections.abc import Sequence
from pathlib import Path

import pandas as pd

from lib.reporting import laziness
from workflow_scripts.job import adapter
from workflow_scripts.reporting import frames
from workflow_scripts.reporting.tables import write


def main(moved: Sequence[str], folder: Path, *, tasks: Sequence[str]) -> None:
    """Write laziness.{csv, md, tex}. Raises OwnFileError for a file that lacks a task or is damaged."""
    rows = read(moved, tasks)
    write(folder, "laziness", rows, laziness.table(rows))


def read(moved: Sequence[str], tasks: Sequence[str]) -> pd.DataFrame:
    """Rows (model, seed, mode, task, parameters, features, kernel, n) of all files, every task in each."""
    return frames.read(moved, (*laziness.MEASURED, "n"), asked=lambda rows: {"task": tasks})


if __name__ == "__main__":
    with adapter.job(snakemake):
        folder = Path(snakemake.output.tables[0]).parent
        main(list(snakemake.input.moved), folder, tasks=snakemake.params.tasks)
