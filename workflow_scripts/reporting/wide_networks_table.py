"""The table of wide networks and their linearization: csv, Markdown and LaTeX."""

from pathlib import Path

from lib.files import trajectories
from lib.reporting import wide_networks
from workflow_scripts.job import adapter
from workflow_scripts.reporting.tables import write


def main(stored: str, folder: Path) -> None:
    """Write wide_networks.{csv, md, tex}. Raises OwnFileError for a file that is damaged."""
    frame = wide_networks.differences(trajectories.read(stored))
    write(folder, "wide_networks", frame, wide_networks.table(frame))


if __name__ == "__main__":
    with adapter.job(snakemake):
        main(snakemake.input.trajectories, Path(snakemake.output.tables[0]).parent)
