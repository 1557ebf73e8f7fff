"""Validation sweeps of addition: one figure per model."""

from collections.abc import Sequence
from pathlib import Path

from lib.reporting.figures.alpha_sweeps import alpha_sweeps
from lib.reporting.figures.style import save
from workflow_scripts.job import adapter
from workflow_scripts.reporting import frames


def main(sweeps: Sequence[str], tested: Sequence[str], single_task: Sequence[str], folder: Path) -> None:
    """Write alpha_sweep_{model} of each model's first seed."""
    sweep, chosen, single = (frames.read(paths) for paths in (sweeps, tested, single_task))
    single = single[single["split"] == "val"]
    for model in dict.fromkeys(sweep["model"]):
        seed = sweep[sweep["model"] == model]["seed"].iloc[0]
        of_model = [frame[(frame["model"] == model) & (frame["seed"] == seed)] for frame in (sweep, chosen, single)]
        save(alpha_sweeps(*of_model), folder / f"alpha_sweep_{model}")


if __name__ == "__main__":
    with adapter.job(snakemake):
        inputs = snakemake.input
        folder = Path(snakemake.output.figures[0]).parent
        main(list(inputs.sweeps), list(inputs.tested), list(inputs.single_task), folder)
