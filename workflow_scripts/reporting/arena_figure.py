"""The arena's figure: accuracy against the cost of training, and every merging rule by name."""

from pathlib import Path

from lib.reporting.figures.arena import arena
from lib.reporting.figures.style import save
from workflow_scripts.job import adapter
from workflow_scripts.reporting import frames


def main(table: str, folder: Path) -> None:
    """Write arena.{pdf, png} from the arena's table. Raises OwnFileError for a table that is damaged."""
    save(arena(frames.read([table], ("absolute", "n"))), folder / "arena")


if __name__ == "__main__":
    with adapter.job(snakemake):
        main(snakemake.input.table, Path(snakemake.output.figures[0]).parent)
