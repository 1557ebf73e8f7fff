"""The editing paper's table of negation: a negated task vector beside its controls (Ilharco et al. 2023, Table 1)."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import pandas as pd

from lib.reporting import intervals, tables
from lib.reporting.labels import KEYS, NEGATIVE, PRETRAINED
from lib.reporting.resamples import Resampled


def negation_controls(
    controls: pd.DataFrame,
    negated: pd.DataFrame,
    single_task: pd.DataFrame,
    tasks: Sequence[str],
    control: str,
) -> pd.DataFrame:
    """Rows (model, seed, mode, method, target, control): means over the tasks on test, in the order of the paper.

    controls: (model, seed, mode, method, task, target, control); negated: that of the task vectors, without a method;
    single_task gives the pre-trained accuracies.
    """
    known = tables.negation(negated, single_task, tasks, control)
    known = known.assign(method=known["mode"].where(known["mode"] == PRETRAINED, NEGATIVE))
    means = controls.groupby([*KEYS, "method"], sort=False)[["target", "control"]].mean().reset_index()
    pretrained = known["method"] == PRETRAINED
    frame = pd.concat([known[pretrained], means, known[~pretrained]], ignore_index=True)
    return frame[[*KEYS, "method", "target", "control"]]


def with_intervals(
    frame: pd.DataFrame, negated: Resampled, controls: Resampled, tasks: Sequence[str], control: str
) -> pd.DataFrame:
    """The same rows with low and high of both accuracies, n and n_control; see `lib.reporting.intervals.negation`.

    controls: resampled as `negated`, with the method in the place of the mode.
    """
    both = Resampled(
        (*negated.keys, *controls.keys),
        np.concatenate([negated.n, controls.n]),
        np.concatenate([negated.values, controls.values]),
    )
    named = frame.assign(mode=frame["mode"].where(frame["method"].isin([PRETRAINED, NEGATIVE]), frame["method"]))
    return intervals.negation(named, both, tasks, control).assign(mode=frame["mode"])
