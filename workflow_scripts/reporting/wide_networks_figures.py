"""Figures of wide networks: the difference from the linearization against width, and training."""

from pathlib import Path

from lib.files import trajectories
from lib.reporting import wide_networks
from lib.reporting.figures.style import save
from lib.reporting.figures.wide_networks import against_width, through_training
from workflow_scripts.job import adapter


def main(stored: str, folder: Path) -> None:
    """Write wide_networks_width and wide_networks_training. Raises OwnFileError for a file that is damaged."""
    found = trajectories.read(stored)
    frame = wide_networks.differences(found)
    save(against_width(frame, wide_networks.fitted(frame)), folder / "wide_networks_width")
    save(through_training(found), folder / "wide_networks_training")


if __name__ == "__main__":
    with adapter.job(snakemake):
        main(snakemake.input.trajectories, Path(snakemake.output.figures[0]).parent)
