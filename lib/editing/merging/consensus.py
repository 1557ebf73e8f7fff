"""Consensus task arithmetic: the sum, without the entries that fewer than two tasks need
(Wang et al. 2024, Localizing Task Information for Improved Model Merging and Compression).
"""

from __future__ import annotations

from collections.abc import Mapping

from lib.editing.merging.interface import Statistics
from lib.editing.task_vector import TaskVector


def merge(taus: Mapping[str, TaskVector], statistics: Statistics, settings: Mapping[str, object]) -> TaskVector:
    """1[sum_t m_t >= k] sum_t tau_t, m_t = 1[|tau_t| > lambda |sum_s tau_s - tau_t|] entry by entry.

    Settings: `threshold`, lambda; `tasks`, the number k of tasks that must need an entry (0: the plain sum).

    DEVIATES: one lambda for all tasks. Its authors' code chooses one for each task in 0.2, ..., 0.6 by the validation
    accuracy of theta_0 + m_t sum_s tau_s, which no rule on vectors alone can see.
    """
    total = sum(taus.values())
    needed = sum(_needed(tau, total, settings["threshold"]) for tau in taus.values())
    return TaskVector({name: value * (needed[name] >= settings["tasks"]) for name, value in total.items()})


def _needed(tau: TaskVector, total: TaskVector, threshold: float) -> TaskVector:
    """m_t, in bytes: a sum of them counts up to 127 tasks."""
    return TaskVector({n: (value.abs() > threshold * (total[n] - value).abs()).char() for n, value in tau.items()})
