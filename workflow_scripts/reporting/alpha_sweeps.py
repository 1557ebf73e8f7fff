"""Validation sweeps of addition: one figure per model."""

from collections.abc import Sequence
from pathlib import Path

import pandas as pd

from lib.reporting.figures.alpha_sweeps import alpha_sweeps
from lib.reporting.figures.style import save
from workflow_scripts.job import adapter
from workflow_scripts.reporting import frames


def main(sweeps: Sequence[str], tested: Sequence[str], single_task: Sequence[str], folder: Path) -> None:
    """Write alpha_sweep_{model} of each model's first seed. Raises OwnFileError."""
    sweep, chosen, single = _complete(sweeps, tested, single_task)
    single = single[single["split"] == "val"]
    for model in dict.fromkeys(sweep["model"]):
        seed = sweep[sweep["model"] == model]["seed"].iloc[0]
        of_model = [frame[(frame["model"] == model) & (frame["seed"] == seed)] for frame in (sweep, chosen, single)]
        save(alpha_sweeps(*of_model), folder / f"alpha_sweep_{model}")


def _complete(sweeps: Sequence[str], tested: Sequence[str], single_task: Sequence[str]) -> list[pd.DataFrame]:
    """The frames: in every file all tasks that one has, in a rule's sweeps all alphas that one has; tested is one."""
    found = [frames.each(sweeps, ("alpha", "accuracy")), frames.each(tested, ("alpha", "accuracy"))]
    found.append(frames.each(single_task, ("accuracy",)))
    whole = [frames.joined(by_path) for by_path in found]
    tasks = sorted({task for frame in whole for task in frame["task"]})
    alphas = {rule: sorted(set(rows["alpha"])) for rule, rows in whole[0].groupby("rule")}

    def of_sweep(rows: pd.DataFrame) -> dict[str, Sequence]:
        return {"alpha": alphas[rows["rule"].iloc[0]], "task": tasks}

    def of_test(rows: pd.DataFrame) -> dict[str, Sequence]:
        known = [alpha for alpha in alphas.get(rows["rule"].iloc[0], []) if alpha == rows["alpha"].iloc[0]]
        return {"alpha": known, "task": tasks}

    def of_single_task(rows: pd.DataFrame) -> dict[str, Sequence]:
        return {"task": tasks, "split": ["val", "test"]}

    for by_path, asked in zip(found, (of_sweep, of_test, of_single_task), strict=True):
        for path, frame in by_path.items():
            frames.require_rows(path, frame, asked)
    return whole


if __name__ == "__main__":
    with adapter.job(snakemake):
        inputs = snakemake.input
        folder = Path(snakemake.output.figures[0]).parent
        main(list(inputs.sweeps), list(inputs.tested), list(inputs.single_task), folder)
