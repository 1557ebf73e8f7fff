"""Training losses: one figure per model."""

from collections.abc import Sequence
from pathlib import Path

import pandas as pd

from lib.files import own_files
from lib.reporting.figures.loss_curves import loss_curves
from lib.reporting.figures.style import save
from workflow_scripts.job import adapter
from workflow_scripts.reporting import frames


def main(
    logs: Sequence[str], folder: Path, *, models: Sequence[str], modes: Sequence[str], tasks: Sequence[str], every: int
) -> None:
    """Write loss_{model} of each model's first seed, as means over `every` steps. Raises OwnFileError."""
    log = _whole(logs)
    for model in models:
        rows = log[log["model"] == model]
        rows = rows[rows["seed"] == rows["seed"].min()]
        save(loss_curves(rows, modes, tasks, every=every), folder / f"loss_{model}")


def _whole(paths: Sequence[str]) -> pd.DataFrame:
    """The rows of all logs: steps from 1 on, to the same last one in all logs of a task but those of imported
    checkpoints, which have no rows.
    """
    found = frames.each(paths, ("step", "loss", "learning_rate"))
    last = frames.joined(found).groupby("task")["step"].max()
    for path, frame in found.items():
        for task, rows in frame.groupby("task"):
            asked = {"step": range(1, int(last[task]) + 1)}
            own_files.require_combinations(path, zip(rows["step"].tolist(), strict=True), asked)
    return frames.joined(found)


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
