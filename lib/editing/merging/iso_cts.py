"""Iso-CTS: the leading singular vectors of the sum, each task's own beside them, all singular values at their mean
(Marczak et al. 2025, No Task Left Behind).
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import torch
from torch import Tensor

from lib.editing.merging.interface import Statistics
from lib.editing.merging.matrices import merge_matrices, polar_factor, svd
from lib.editing.task_vector import TaskVector


def merge(taus: Mapping[str, TaskVector], statistics: Statistics, settings: Mapping[str, object]) -> TaskVector:
    """mean(S) U^ V^^T of each matrix, the mean of all other tensors.

    Of the r = min(m, n) singular vectors, the share `common` are the first U_c of sum_t tau_t; the rest are, in equal
    parts, the first of tau_t - U_c U_c^T tau_t of each task. U, S, V hold all of them; U^, V^ are U's and V's polar
    factors. `common` 1 is Iso-C.
    """
    return merge_matrices(taus, lambda matrices: _merged(matrices, settings["common"]))


def _merged(matrices: Sequence[Tensor], common: float) -> Tensor:
    u, s, vh = svd(sum(matrices))
    own = _of_each_task(len(s), len(matrices), common)
    shared = len(s) - own * len(matrices)
    parts = [(u[:, :shared], s[:shared], vh[:shared])]
    for matrix in matrices if own else ():
        left, values, right = svd(matrix - parts[0][0] @ (parts[0][0].mT @ matrix))
        parts.append((left[:, :own], values[:own], right[:own]))
    u, s, vh = zip(*parts, strict=True)
    return torch.cat(s).mean() * polar_factor(torch.cat(u, dim=1)) @ polar_factor(torch.cat(vh))


def _of_each_task(rank: int, tasks: int, common: float) -> int:
    """How many singular vectors each task has of its own: what the common ones leave, rounded as its authors' code does
    to the nearest multiple of the number of tasks, or down where there are not so many.
    """
    return min(round((rank - int(rank * common)) / tasks), rank // tasks)
