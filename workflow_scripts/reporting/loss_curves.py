"""Training losses: one figure per model."""

from collections.abc import Sequence
from pathlib import Path

from lib.reporting.figures.loss_curves import loss_curves
from lib.reporting.figures.style import save
from workflow_scripts.job import adapter
from workflow_scripts.reporting import frames


def main(
    logs: Sequence[str], folder: Path, *, models: Sequence[str], modes: Sequence[str], tasks: Sequence[str], every: int
) -> None:
    """Write loss_{model} of each model's first seed, as means over `every` steps."""
    log = frames.read(logs)
    for model in models:
        rows = log[log["model"] == model]
        rows = rows[rows["seed"] == rows["seed"].min()]
        save(loss_curves(rows, modes, tasks, every=every), folder / f"loss_{model}")


if __name__ == "__main__":
    with adapter.job(snakemake):
        params = snakemake.params
        main(
            list(snakemake.input.logs),
            Path(snakemake.output.figures[0]).parent,
            models=params.models,
            modes=params.modes,
            tasks=params.tasks,
            every=params.every,
        )
