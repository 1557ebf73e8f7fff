"""Accuracies of analogies and of subsets of the task vectors with their resamples, for what is claimed of them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np

from lib.files.own_files import OwnFileError
from lib.reporting.analogies import ANALOGY
from lib.reporting.bootstrap import Bootstrap, ratio
from lib.reporting.estimates import Estimate
from lib.reporting.labels import PRETRAINED
from lib.reporting.subset_intervals import resampled
from lib.reporting.subsets import ALL
from workflow_scripts.reporting import analogy_rows, subset_predictions
from workflow_scripts.reporting.labelled import labels_of
from workflow_scripts.reporting.subset_rows import Samples

Measured = dict[tuple[str, str, str], Estimate]  # (model, mode, quantity) -> mean over seeds


def of_analogies(measured: Mapping[str, str], labels: Mapping[str, str], bootstrap: Bootstrap) -> Measured:
    """The mean accuracy on task d over quadruples and seeds: `zero-shot d`, and `analogy` of the edited model.

    measured: file of accuracies -> file of the predictions behind its rows; labels: task -> index of its test split.
    Raises OwnFileError.
    """
    known, found = labels_of(labels), {}
    for path, stored in measured.items():
        frame, correct = analogy_rows.read(path, stored, known)
        task, model, mode = (frame[key].iloc[0] for key in ("task", "model", "mode"))
        means = np.hstack([correct.mean(1, keepdims=True), bootstrap.means(correct, task)])
        for start, quantity in ((PRETRAINED, "zero-shot d"), (ANALOGY, "analogy")):
            row = np.flatnonzero((frame["start"] == start) & (frame["shots"] == "0"))
            if len(row) != 1:
                raise OwnFileError(path, got=f"{len(row)} rows of {start} without images", expected="one")
            found.setdefault((model, mode, quantity), []).append(means[row[0]])
    return {key: Estimate.mean(parts) for key, parts in found.items()}


def of_subsets(
    predicted: Sequence[str],
    single_task: Sequence[str],
    labels: Mapping[str, str],
    samples: Samples,
    bootstrap: Bootstrap,
) -> Measured:
    """The mean normalized accuracy over all tasks, and over seeds: with `one vector` (also over which), `all vectors`.

    predicted, single_task: predictions of the edited models, and of the tasks' own; labels: task -> index of its test
    split, in the order of the run's tasks. Raises OwnFileError.
    """
    known, found = labels_of(labels), {}
    for run in subset_predictions.read(predicted, single_task, known, samples):
        for size, quantity in ((1, "one vector"), (len(known), "all vectors")):
            rows = [row for row, subset in enumerate(run.subsets) if len(subset) == size]
            chosen = {task: correct[rows] for task, correct in run.correct.items()}
            value = np.mean([ratio(chosen[task].mean(1), run.own[task].mean()) for task in known])
            drawn = resampled(chosen, run.own, [run.subsets[row] for row in rows], bootstrap)[ALL].mean(0)
            found.setdefault((run.model, run.mode, quantity), []).append(np.array([value, *drawn]))
    return {key: Estimate.mean(parts) for key, parts in found.items()}
