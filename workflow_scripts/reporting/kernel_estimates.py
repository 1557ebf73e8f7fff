"""What the findings say of kernels: means with their resamples, from local energies, predictions and drifts."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np

from lib.files import local_energies
from lib.reporting.bootstrap import Bootstrap
from lib.reporting.drift import FEWEST_PAIRS, Drifts
from lib.reporting.estimates import Estimate
from lib.reporting.kernel_findings import CORRELATION, DRIFT, NORM
from lib.reporting.kernel_regression import ZERO_SHOT, estimate
from lib.reporting.labels import PRETRAINED
from lib.reporting.localization import share
from workflow_scripts.reporting import drifts, regressions

Measured = dict[tuple[str, str, str], Estimate]  # (model, mode or method, quantity) -> its mean


def of_localization(energies: Sequence[str], bootstrap: Bootstrap) -> Measured:
    """`localization`: the share of local energy on the own points at the first cut-off, a mean over pairs of tasks."""
    found: dict[tuple[str, str, str], list[np.ndarray]] = {}
    for one in map(local_energies.read, energies):
        found.setdefault((one.model, PRETRAINED, "localization"), []).append(share(one, 0, bootstrap).values)
    return {key: Estimate.mean(parts) for key, parts in found.items()}


def of_regression(
    tested: Sequence[str], predicted: Sequence[str], labels: Mapping[str, str], drawn: Mapping, bootstrap: Bootstrap
) -> Measured:
    """Of each method, `{k}-shot`: the mean accuracy over tasks and splits. drawn: how test images were drawn."""
    rows = regressions.read_tested(tested)
    correct = regressions.read_correct(predicted, labels, rows, test=drawn["test"], seed=drawn["seed"])
    found: dict[tuple[str, str, str], list[np.ndarray]] = {}
    for (model, task), of_task in rows[rows["method"] != ZERO_SHOT].groupby(["model", "task"], sort=False):
        first = rows.index[(rows["model"] == model) & (rows["task"] == task)][0]
        for (shots, method), part in of_task.groupby(["shots", "method"], sort=False):
            right = correct[model, task][part.index - first]
            found.setdefault((model, method, f"{shots}-shot"), []).append(estimate(right, task, bootstrap).values)
    return {key: Estimate.mean(parts) for key, parts in found.items()}


def of_drifts(measured: Mapping[str, str], tasks: Sequence[str], bootstrap: Bootstrap) -> Measured:
    """Of each mode, means over seeds: the drift on other tasks' images, the norm of task vectors, and the rank
    correlation of prediction and drift where there are pairs enough. measured: drifts of pairs -> those of images.
    """
    found: dict[tuple[str, str, str], list[np.ndarray]] = {}
    for one in drifts.read(list(measured), list(measured.values()), tasks, bootstrap) if measured else ():
        for quantity, values in _of_drift(one).items():
            found.setdefault((one.model, one.mode, quantity), []).append(values)
    return {key: Estimate.mean(parts) for key, parts in found.items()}


def _of_drift(one: Drifts) -> dict[str, np.ndarray]:
    known = {DRIFT: one.others.values, NORM: np.full_like(one.others.values, one.norms.mean())}
    return known | ({CORRELATION: one.correlation.values} if one.pairs >= FEWEST_PAIRS else {})
