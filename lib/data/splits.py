"""The fit and validation split that the papers draw from a training set."""

from __future__ import annotations

import numpy as np


def validation_size(n: int, *, fraction: float, maximum: int) -> int:
    """min(fraction of n, maximum), rounded down; fraction in (0, 1)."""
    return min(int(n * fraction), maximum)


def fit_and_validation(n: int, *, seed: int, fraction: float, maximum: int) -> tuple[np.ndarray, np.ndarray]:
    """Row numbers of fit and validation, as `torch.utils.data.random_split` of n rows draws them.

    Int64[n - v] and Int64[v] with v = validation_size(n): the first n - v and the last v entries of
    one permutation by `torch.Generator().manual_seed(seed)` (the released code of Ilharco et al. 2023). Raises
    ValueError if either part would be empty.
    """
    import torch

    v = validation_size(n, fraction=fraction, maximum=maximum)
    if not 0 < v < n:
        raise ValueError(f"{n} training rows with a fraction of {fraction} leave {n - v} to fit and {v} to validate")
    permutation = torch.randperm(n, generator=torch.Generator().manual_seed(seed)).numpy()
    return permutation[: n - v], permutation[n - v :]
