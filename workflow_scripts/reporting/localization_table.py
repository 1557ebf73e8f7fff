"""The table of where eigenfunctions live: csv, Markdown and LaTeX."""

from collections.abc import Mapping, Sequence
from pathlib import Path

from lib.files import local_energies
from lib.reporting import localization
from lib.reporting.bootstrap import Bootstrap
from workflow_scripts.job import adapter
from workflow_scripts.reporting.tables import write


def main(energies: Sequence[str], folder: Path, *, bootstrap: Mapping[str, int]) -> None:
    """Write localization.{csv, md, tex}. Raises OwnFileError for a file that is damaged."""
    frame = localization.localization(map(local_energies.read, energies), Bootstrap(**bootstrap))
    write(folder, "localization", frame, localization.table(frame, bootstrap["resamples"]))


if __name__ == "__main__":
    with adapter.job(snakemake):
        inputs, outputs = snakemake.input, snakemake.output
        main(list(inputs.energies), Path(outputs.tables[0]).parent, bootstrap=snakemake.params.bootstrap)
