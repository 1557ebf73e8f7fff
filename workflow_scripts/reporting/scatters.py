"""Single-task accuracy of non-linear fine-tuning against each other mode, all models in one figure."""

from collections.abc import Sequence
from pathlib import Path

from lib.reporting.figures.scatters import single_task_scatter
from lib.reporting.figures.style import save
from lib.reporting.labels import KEYS
from workflow_scripts.job import adapter
from workflow_scripts.reporting import frames


def main(single_task: Sequence[str], folder: Path, *, modes: Sequence[str], tasks: Sequence[str]) -> None:
    """Write single_task_standard_{mode} for each of the modes.

    Raises OwnFileError for a file without all tasks and splits, or if a mode lacks a model or a seed.
    """
    frame = frames.read(single_task, ("accuracy",), asked=lambda rows: {"task": tasks, "split": ["val", "test"]})
    runs = frame[KEYS].drop_duplicates().itertuples(index=False, name=None)
    frames.require_product(single_task, runs, KEYS, {"mode": list(dict.fromkeys(["standard", *modes]))})
    for mode in modes:
        save(single_task_scatter(frame, mode, tasks=tasks), folder / f"single_task_standard_{mode}")


if __name__ == "__main__":
    with adapter.job(snakemake):
        params = snakemake.params
        folder = Path(snakemake.output.figures[0]).parent
        main(list(snakemake.input.single_task), folder, modes=params.modes, tasks=params.tasks)
