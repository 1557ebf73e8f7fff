"""Iso-C: the sum of each matrix with all singular values at their mean (Marczak et al. 2025, No Task Left Behind)."""

from __future__ import annotations

from collections.abc import Mapping

from torch import Tensor

from lib.editing.merging.interface import Statistics
from lib.editing.merging.matrices import merge_matrices, svd
from lib.editing.task_vector import TaskVector


def merge(taus: Mapping[str, TaskVector], statistics: Statistics, settings: Mapping[str, object]) -> TaskVector:
    """mean(sigma) U V^T of U diag(sigma) V^T = sum_t tau_t of each matrix, the mean of all other tensors."""
    return merge_matrices(taus, lambda matrices: isotropic(sum(matrices)))


def isotropic(matrix: Tensor) -> Tensor:
    """A matrix [m, n] with every singular value at their mean: the same nuclear norm."""
    u, sigma, vh = svd(matrix)
    return sigma.mean() * u @ vh
