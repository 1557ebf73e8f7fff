"""TSV-M: the leading singular vectors of each task, made orthogonal to those of the others
(Gargiulo et al. 2025, Task Singular Vectors).
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import torch
from torch import Tensor

from lib.editing.merging.interface import Statistics
from lib.editing.merging.matrices import merge_matrices, polar_factor, svd
from lib.editing.task_vector import TaskVector


def merge(taus: Mapping[str, TaskVector], statistics: Statistics, settings: Mapping[str, object]) -> TaskVector:
    """U^ S V^^T of each matrix, the mean of all other tensors.

    U = [U_1 ... U_T] holds the first r / T left singular vectors of each task, of r = min(m, n); S their singular
    values, V their right ones; U^ and V^ are the polar factors of U and V.
    """
    return merge_matrices(taus, _merged)


def _merged(matrices: Sequence[Tensor]) -> Tensor:
    u, s, vh = leading(matrices)
    return polar_factor(u) * s @ polar_factor(vh)


def leading(matrices: Sequence[Tensor]) -> tuple[Tensor, Tensor, Tensor]:
    """U [m, k], S [k], V^T [k, n] of all tasks, one after another.

    ASSUME: r / T is rounded down, as in its authors' code, but every task keeps one vector at least.
    """
    kept = max(1, min(matrices[0].shape) // len(matrices))
    u, s, vh = zip(*((u[:, :kept], s[:kept], vh[:kept]) for u, s, vh in map(svd, matrices)), strict=True)
    return torch.cat(u, dim=1), torch.cat(s), torch.cat(vh)
