"""Figures of addition with subsets of the task vectors: against their number, and pairs; two per model."""

from collections.abc import Sequence
from pathlib import Path

import pandas as pd

from lib.reporting import subsets
from lib.reporting.figures.style import save
from lib.reporting.figures.subsets import against_size, pairs
from lib.reporting.labels import PRETRAINED
from workflow_scripts.job import adapter
from workflow_scripts.reporting import frames, subset_rows


def main(
    paths: Sequence[str],
    single_task: Sequence[str],
    folder: Path,
    *,
    tasks: Sequence[str],
    control: str,
    samples: subset_rows.Samples,
) -> None:
    """Write subsets_{model} and pairs_{model}, means over seeds. single_task: the pre-trained models' files, too.

    Raises OwnFileError for a file that is damaged or lacks rows.
    """
    found = subsets.over_seeds(subsets.of_subsets(subset_rows.read(paths, tasks, samples)))
    before = subsets.pretrained(_single_task(single_task, tasks, control), tasks)
    for model, rows in found.groupby("model", sort=False):
        modes = list(dict.fromkeys(rows["mode"]))
        save(against_size(rows, before[before["model"] == model], modes), folder / f"subsets_{model}")
        matrices = {mode: subsets.pair_matrix(rows[rows["mode"] == mode], tasks) for mode in modes}
        save(pairs(matrices, tasks), folder / f"pairs_{model}")


def _single_task(paths: Sequence[str], tasks: Sequence[str], control: str) -> pd.DataFrame:
    def asked(rows: pd.DataFrame) -> dict[str, Sequence[str]]:
        of_mode = [*tasks, control] if rows["mode"].iloc[0] == PRETRAINED else tasks
        return {"task": of_mode, "split": ["val", "test"]}

    return frames.read(paths, ("accuracy",), asked=asked)


if __name__ == "__main__":
    with adapter.job(snakemake):
        inputs, params = snakemake.input, snakemake.params
        main(
            list(inputs.tested),
            list(inputs.single_task),
            Path(snakemake.output.figures[0]).parent,
            tasks=params.tasks,
            control=params.control,
            samples=params.samples,
        )
