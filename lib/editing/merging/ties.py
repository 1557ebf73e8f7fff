"""TIES: keep each vector's largest entries, elect a sign for each entry, average those that agree with it
(Yadav et al. 2023, TIES-Merging, Sec. 4).
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence

from lib.editing.merging.interface import Statistics
from lib.editing.merging.magnitudes import kth_largest_magnitude
from lib.editing.task_vector import TaskVector


def merge(taus: Mapping[str, TaskVector], statistics: Statistics, settings: Mapping[str, object]) -> TaskVector:
    """For each entry, the mean over {t: sign tau^_t = gamma} of tau^_t, zero where no task is left.

    tau^_t: the share `density` of the entries of the whole vector that are largest in magnitude, the others zero;
    gamma = sign(sum_t tau^_t), and where that sum is zero the sign that most entries have.
    """
    return merge_trimmed(list(taus), taus.__getitem__, density=settings["density"])


def merge_trimmed(tasks: Sequence[str], read: Callable[[str], TaskVector], *, density: float) -> TaskVector:
    """`merge` of the vectors that `read` gives; it is called twice for each task, and one vector is held at a time.

    ASSUME: entries as large as the smallest that is kept are kept, too.
    """
    thresholds, total = {}, 0
    for task in tasks:
        tau = read(task)
        rank = max(1, round(density * sum(value.numel() for value in tau.values())))
        thresholds[task] = kth_largest_magnitude(tau.values(), rank)
        total = total + _trimmed(tau, thresholds[task])
    signs = _elected(total)
    agreeing, tasks_left = 0, 0
    for task in tasks:
        trimmed = _trimmed(read(task), thresholds[task])
        agrees = {name: (value * signs[name] > 0).to(value.dtype) for name, value in trimmed.items()}
        agreeing = agreeing + TaskVector({name: trimmed[name] * agrees[name] for name in trimmed})
        tasks_left = tasks_left + TaskVector(agrees)
    return TaskVector({name: value / tasks_left[name].clamp(min=1) for name, value in agreeing.items()})


def _trimmed(tau: TaskVector, threshold: float) -> TaskVector:
    return TaskVector({name: value * (value.abs() >= threshold) for name, value in tau.items()})


def _elected(total: TaskVector) -> TaskVector:
    """The sign of each entry of the sum; where it is zero, the sign of the majority of all entries."""
    signs = {name: value.sign() for name, value in total.items()}
    balance = sum(value.double().sum().item() for value in signs.values())
    majority = (balance > 0) - (balance < 0)
    return TaskVector({name: value.where(value != 0, majority) for name, value in signs.items()})
