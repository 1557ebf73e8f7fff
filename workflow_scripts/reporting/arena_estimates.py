"""Accuracies of merging rules, and of the sum at alpha 1, with their resamples, for what is claimed of the arena."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence

import numpy as np

from lib.files import predictions
from lib.files.own_files import OwnFileError
from lib.reporting.arena_findings import AT_BEST, AT_ONE, BY_RULE
from lib.reporting.bootstrap import Bootstrap
from lib.reporting.estimates import Estimate
from lib.reporting.intervals import SUM
from lib.reporting.labels import KEYS
from lib.reporting.resamples import Resampled, Who
from workflow_scripts.reporting import frames
from workflow_scripts.reporting.labelled import labels_of

Measured = dict[tuple[str, str, str], Estimate]  # (model, mode, quantity) -> mean over seeds


def of_rules(found: Resampled, models: Sequence[str], tasks: Sequence[str]) -> Measured:
    """The mean test accuracy over tasks and seeds of every rule but the sum, by (model, mode, BY_RULE + rule)."""
    rules = dict.fromkeys(key.rule for key in found.keys if key.evaluation == "addition" and key.rule != SUM)
    return {
        (model, mode, f"{BY_RULE}{rule}"): Estimate.mean(
            [found.mean("addition", Who(model, seed, mode), tasks, rule) for seed in seeds]
        )
        for model in models
        for rule in rules
        for mode, seeds in found.runs("addition", model, rule).items()
    }


def of_sweeps(sweeps: Mapping[str, str], labels: Mapping[str, str], bootstrap: Bootstrap) -> Measured:
    """The mean validation accuracy over tasks and seeds of the sum at alpha 1 and at the best alpha of its sweep.

    sweeps: sweep_val.csv -> the predictions behind it; labels: task -> index of its val split. A grid without 1 tells
    nothing. Ties go to the smallest alpha. Raises OwnFileError.
    """
    known, found = labels_of(labels), {}
    for path, stored in sweeps.items():
        frame = frames.read([path], ("alpha", "accuracy"))
        model, _, mode = (frame[key].iloc[0] for key in KEYS)
        alphas = sorted(set(frame["alpha"]))
        if 1.0 not in alphas or len(alphas) < 2:
            continue
        means = np.mean(list(_resampled(stored, known, len(alphas), bootstrap)), axis=0)
        for quantity, row in ((AT_ONE, alphas.index(1.0)), (AT_BEST, int(means[:, 0].argmax()))):
            found.setdefault((model, mode, quantity), []).append(means[row])
    return {key: Estimate.mean(parts) for key, parts in found.items()}


def _resampled(path: str, labels: Mapping[str, np.ndarray], alphas: int, bootstrap: Bootstrap) -> Iterator[np.ndarray]:
    """Of each task Float64[alphas, 1 + b]: the accuracy at each alpha on val, as measured and resampled."""
    found = predictions.read(path)
    for task, known in labels.items():
        predicted = found.get((task, "val"), np.empty((0, 0)))
        if predicted.shape != (alphas, len(known)):
            raise OwnFileError(
                path, got=f"predictions of {task} on val of the shape {predicted.shape}", expected=f"{alphas} alphas"
            )
        correct = predicted == known
        yield np.hstack([correct.mean(1, keepdims=True), bootstrap.means(correct, f"{task} val")])
