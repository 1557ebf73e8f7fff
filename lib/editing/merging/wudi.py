"""WUDI in closed form: the matrices that interfere least with each task's own
(Cheng et al. 2025, Whoever Started the Interference Should End It).
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import torch
from torch import Tensor

from lib.editing.merging.interface import Statistics
from lib.editing.merging.matrices import merge_matrices
from lib.editing.task_vector import TaskVector


def merge(taus: Mapping[str, TaskVector], statistics: Statistics, settings: Mapping[str, object]) -> TaskVector:
    """W = B H^+ of each matrix (see `interference`), the mean of all other tensors.

    DEVIATES: its paper descends the loss by a few steps of Adam from the sum (`wudi_adam`); this is its minimum, the
    one of least norm.
    DEVIATES: all matrices are merged, and the mean is taken of the rest; the authors' code merges the weights of
    attention and MLP alone and leaves all else at theta_0.
    """
    return merge_matrices(taus, _least)


def _least(matrices: Sequence[Tensor]) -> Tensor:
    h, b = interference(matrices)
    return (b @ torch.linalg.pinv(h, hermitian=True)).to(matrices[0].dtype)


def interference(matrices: Sequence[Tensor]) -> tuple[Tensor, Tensor]:
    """H = sum_t M_t [n, n] and B = sum_t tau_t M_t [m, n], M_t = tau_t^T tau_t / |tau_t|^2, of the loss
    sum_t |(W - tau_t) tau_t^T|^2 / |tau_t|^2, whose gradient is 2 (W H - B). In float64, because a Gram matrix squares
    the condition number.
    """
    h, b = 0, 0
    for matrix in map(Tensor.double, matrices):
        gram = matrix.mT @ matrix
        gram /= gram.trace().clamp(min=torch.finfo(gram.dtype).tiny)  # a matrix that did not move has none
        h, b = h + gram, b + matrix @ gram
    return h, b
