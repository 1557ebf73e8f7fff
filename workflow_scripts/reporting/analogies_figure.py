"""Accuracy of analogies against the number of images: one figure per model."""

from pathlib import Path

from lib.reporting.figures.analogies import few_shot_curves
from lib.reporting.figures.style import save
from workflow_scripts.job import adapter
from workflow_scripts.reporting import frames


def main(table: str, folder: Path, *, modes: list[str]) -> None:
    """Write analogies_{model} of every model in the table: a panel for each of these modes and each quadruple."""
    frame = frames.read([table], ("accuracy", "low", "high"))
    for model, rows in frame[frame["mode"].isin(modes)].groupby("model", sort=False):
        save(few_shot_curves(rows), folder / f"analogies_{model}")


if __name__ == "__main__":
    with adapter.job(snakemake):
        main(snakemake.input.table, Path(snakemake.output.figures[0]).parent, modes=snakemake.params.modes)
