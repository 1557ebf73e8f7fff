"""What the rules on matrices share: which tensors are matrices, what becomes of the others, polar factors."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence

import torch
from torch import Tensor

from lib.editing.task_vector import TaskVector
from lib.parameters import require_same_names


def is_matrix(tensor: Tensor) -> bool:
    """Whether a tensor has two axes. So the fused weight of a ViT's queries, keys and values is one matrix, and its
    positional embedding and final projection are matrices, as in the code of TSV-M's and Iso-C's authors; a convolution
    is none.
    """
    return tensor.ndim == 2


def merge_matrices(taus: Mapping[str, TaskVector], merged: Callable[[Sequence[Tensor]], Tensor]) -> TaskVector:
    """`merged` of the tasks' matrices of each name, the mean of the tasks' tensors of each other name.

    Reads each task vector once and keeps all of them; beyond them, memory is the result and the work on one name.
    Raises ParameterMismatch if names or shapes differ.
    """
    vectors = list(taus.values())
    for other in vectors[1:]:
        require_same_names(vectors[0], other, what="merging of task vectors")
    by_name = {name: [tau[name] for tau in vectors] for name in vectors[0]}
    return TaskVector({name: merged(m) if is_matrix(m[0]) else sum(m) / len(m) for name, m in by_name.items()})


def svd(matrix: Tensor) -> tuple[Tensor, Tensor, Tensor]:
    """U [m, r], sigma [r] from the largest, V^T [r, n] of a matrix [m, n], r = min(m, n)."""
    return torch.linalg.svd(matrix, full_matrices=False)


def polar_factor(matrix: Tensor) -> Tensor:
    """U V^T of the singular value decomposition: of the matrices with orthonormal columns (or rows, if there are more
    columns than rows), the nearest to the given one.
    """
    u, _, vh = svd(matrix)
    return u @ vh
