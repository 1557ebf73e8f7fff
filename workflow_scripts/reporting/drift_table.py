"""The table of drifts: csv, Markdown and LaTeX."""

from collections.abc import Mapping, Sequence
from pathlib import Path

from lib.reporting import drift
from lib.reporting.bootstrap import Bootstrap
from workflow_scripts.job import adapter
from workflow_scripts.reporting import drifts
from workflow_scripts.reporting.tables import write


def main(
    tables: Sequence[str],
    lengths: Sequence[str],
    folder: Path,
    *,
    tasks: Sequence[str],
    bootstrap: Mapping[str, int],
) -> None:
    """Write drift.{csv, md, tex}. Raises OwnFileError for a file that lacks a pair or is damaged."""
    found = drifts.read(tables, lengths, tasks, Bootstrap(**bootstrap))
    write(folder, "drift", drift.frame(found), drift.table(found))


if __name__ == "__main__":
    with adapter.job(snakemake):
        inputs, params = snakemake.input, snakemake.params
        folder = Path(snakemake.output.tables[0]).parent
        main(list(inputs.drift), list(inputs.lengths), folder, tasks=params.tasks, bootstrap=params.bootstrap)
