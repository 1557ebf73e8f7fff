"""Resample all test accuracies of the run, from stored predictions and labels."""

from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path

import numpy as np

from lib.files import predictions
from lib.files.own_files import OwnFileError
from lib.reporting.bootstrap import Bootstrap
from lib.reporting.resamples import Key, Outcomes, Resampled, Who
from workflow_scripts.job import adapter
from workflow_scripts.reporting.labelled import labels_of


def main(
    file: Path,
    stored: Mapping[str, Sequence[str]],
    labels: Mapping[str, str],
    *,
    control: str,
    resamples: int,
    seed: int,
) -> None:
    """Write the accuracies of every evaluation on test, with their resamples.

    stored: evaluation (zero_shot, single_task, addition, negation) -> files of predictions; labels: task -> index of
    its test split. Raises OwnFileError.
    """
    known = labels_of(labels)
    outcomes = [
        Outcomes(key, images, _correct(path, predicted, known[images]))
        for evaluation, paths in stored.items()
        for path in paths
        for key, images, predicted in _tested(evaluation, path, control)
    ]
    Resampled.of(outcomes, Bootstrap(resamples, seed)).write(file)


def _tested(evaluation: str, path: str, control: str) -> Iterator[tuple[Key, str, np.ndarray]]:
    """(key, task whose images they are, predictions) of each entry on test, at the chosen alpha."""
    told = predictions.read_identity(path)
    who = Who.pretrained(told["model"]) if evaluation == "zero_shot" else Who(told["model"], told["seed"], told["mode"])
    for (task, split), predicted in predictions.read(path).items():
        if split != "test":
            continue
        if evaluation != "negation":
            yield Key(evaluation, *who, told.get("rule"), task), task, predicted
        else:
            yield Key("control" if task == control else "target", *who, None, told["task"]), task, predicted


def _correct(path: str, predicted: np.ndarray, labels: np.ndarray) -> np.ndarray:
    if predicted.shape != (1, len(labels)):
        raise OwnFileError(path, got=f"predictions of the shape {predicted.shape}", expected=f"(1, {len(labels)})")
    return predicted[0] == labels


if __name__ == "__main__":
    with adapter.job(snakemake):
        inputs, params = snakemake.input, snakemake.params
        main(
            Path(snakemake.output.resamples),
            {kind: list(inputs[kind]) for kind in ("zero_shot", "single_task", "addition", "negation")},
            dict(zip(params.tasks, inputs.labels, strict=True)),
            control=params.tasks[-1],
            resamples=params.resamples,
            seed=params.seed,
        )
