"""How alike task vectors are: inner products, cosines and norms of many at once (Ilharco et al. 2023, Sec. 6).

    cos(tau_s, tau_t) = <tau_s, tau_t> / (|tau_s| |tau_t|)

All follow from one Gram matrix, which is a sum over tensors: each is read once, of all vectors together.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np

from lib.parameters import require_same_names

Vector = Mapping[str, np.ndarray]


def gram(vectors: Sequence[Vector]) -> np.ndarray:
    """Float64[T, T], G[s, t] = <tau_s, tau_t>, summed in float64.

    Holds one tensor of each vector at a time, so vectors may read theirs when asked. Raises ParameterMismatch if names
    or shapes differ.
    """
    first, *others = [dict.fromkeys(vector, _NOTHING) for vector in vectors]
    for names in others:
        require_same_names(first, names, what="similarity of task vectors")
    return sum((_products(name, [vector[name] for vector in vectors]) for name in first), np.zeros((len(vectors),) * 2))


def norms(inner: np.ndarray) -> np.ndarray:
    """Float64[T], |tau_t|, of a Gram matrix Float64[T, T]."""
    return np.sqrt(np.diag(inner))


def cosines(inner: np.ndarray) -> np.ndarray:
    """Float64[T, T], in [-1, 1] with ones on the diagonal, of a Gram matrix.

    Raises ValueError if a vector is zero.
    """
    squares = np.diag(inner)
    if zero := np.flatnonzero(squares == 0).tolist():
        raise ValueError(f"vectors {zero} are zero, and have no cosine: were these tasks fine-tuned at all?")
    return np.clip(inner / np.sqrt(np.outer(squares, squares)), -1, 1)


def _products(name: str, tensors: Sequence[np.ndarray]) -> np.ndarray:
    for tensor in tensors[1:]:
        require_same_names({name: tensors[0]}, {name: tensor}, what="similarity of task vectors")
    rows = np.stack([tensor.ravel() for tensor in tensors]).astype(np.float64)
    return rows @ rows.T


_NOTHING = np.empty(0)
