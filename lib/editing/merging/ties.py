"""TIES: keep each vector's largest entries, elect a sign for each entry, average those that agree with it
(Yadav et al. 2023, TIES-Merging, Sec. 4).
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence

import torch
from torch import Tensor

from lib.editing.merging.interface import Statistics
from lib.editing.merging.magnitudes import kth_largest_magnitude
from lib.editing.task_vector import TaskVector
from lib.parameters import require_same_names


def merge(taus: Mapping[str, TaskVector], statistics: Statistics, settings: Mapping[str, object]) -> TaskVector:
    """For each entry, the mean over {t: sign tau^_t = gamma} of tau^_t, zero where no task is left.

    tau^_t: the share `density` of the entries of the whole vector that are largest in magnitude, the others zero;
    gamma = sign(sum_t tau^_t), and where that sum is zero the sign that most entries have.
    """
    return merge_trimmed(list(taus), taus.__getitem__, density=settings["density"])


def merge_trimmed(tasks: Sequence[str], read: Callable[[str], TaskVector], *, density: float) -> TaskVector:
    """`merge` of the vectors that `read` gives; it is called twice for each task, and one vector is held at a time.

    Memory beyond it: the signs, the sum that becomes the result, and one byte an entry. Up to 255 tasks.

    ASSUME: entries as large as the smallest that is kept are kept, too.
    """
    thresholds, total = {}, {}
    for task in tasks:
        tau = read(task)
        require_same_names(total or tau, tau, what="merging of task vectors")
        rank = max(1, round(density * sum(value.numel() for value in tau.values())))
        thresholds[task] = kth_largest_magnitude(tau.values(), rank)
        for name, value in tau.items():
            _add(total, name, _trimmed(value, thresholds[task]))
        del tau  # before the next is read
    signs = _elected(total)
    agreeing, left = {}, {}
    for task in tasks:
        for name, value in read(task).items():
            trimmed = _trimmed(value, thresholds[task])
            agrees = trimmed * signs[name] > 0
            _add(agreeing, name, trimmed.mul_(agrees))
            _add(left, name, agrees.byte())
    return TaskVector({name: value.div_(left[name].clamp(min=1)) for name, value in agreeing.items()})


def _trimmed(value: Tensor, threshold: float) -> Tensor:
    return value * (value.abs() >= threshold)


def _add(total: dict[str, Tensor], name: str, term: Tensor) -> None:
    """Add a tensor that nothing else holds to the one of that name, in its memory."""
    total[name] = total[name].add_(term) if name in total else term


def _elected(total: Mapping[str, Tensor]) -> dict[str, Tensor]:
    """The sign of each entry of the sum, in its memory; where it is zero, the sign of the majority of all entries."""
    signs = {name: value.sign_() for name, value in total.items()}
    balance = sum(value.sum(dtype=torch.float64).item() for value in signs.values())
    majority = (balance > 0) - (balance < 0)
    return {name: value.masked_fill_(value == 0, majority) for name, value in signs.items()}
