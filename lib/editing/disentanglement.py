"""The disentanglement error of two task vectors (Ortiz-Jimenez et al. 2023, Eq. 6).

    xi(a1, a2) = sum over t in {1, 2} of
        E_{x in mu_t} [ f(x; theta_0 + a_t tau_t) != f(x; theta_0 + a1 tau_1 + a2 tau_2) ]

a sum of two error rates: its range is 0 to 2.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence

import torch
from torch import Tensor


def coefficient_rows(alphas: Sequence[float], own: int) -> Tensor:
    """Float32[g + g g, 2]: the g models with task `own` (0 or 1) alone, then the grid, a1 slow and a2 fast."""
    grid = torch.tensor(alphas, dtype=torch.float32)
    alone = torch.zeros(len(grid), 2)
    alone[:, own] = grid
    return torch.cat([alone, torch.cartesian_prod(grid, grid)])


def error_term(predictions: Tensor, own: int) -> Tensor:
    """Float64[g, g], axes (a1, a2), in [0, 1]: how often the joint model disagrees with that of task `own` alone.

    predictions: Int64[g + g g, n], of the models of `coefficient_rows`, on images of task `own`.
    """
    g = round((len(predictions) + 0.25) ** 0.5 - 0.5)
    alone, joint = predictions[:g], predictions[g:].unflatten(0, (g, g))
    alone = alone[:, None] if own == 0 else alone[None, :]
    return (joint != alone).double().mean(-1)


def error_terms(alphas: Sequence[float], predict: Callable[[int, Tensor], Tensor]) -> tuple[Tensor, Tensor]:
    """Both terms of xi on the grid alphas x alphas; xi is their sum.

    predict: (own, Float[K, 2] coefficients) -> Int64[K, n], predictions on the images of task `own`.
    """
    return tuple(error_term(predict(own, coefficient_rows(alphas, own)).cpu(), own) for own in (0, 1))
