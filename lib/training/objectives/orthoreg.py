"""Cross-entropy, and a penalty that draws the columns of every weight's update to orthonormal ones.

    lambda sum_l |dW_l^T dW_l - I|_F^2        (Liu et al. 2026, OrthoReg, Eq. 8)

Its target has |dW_l|_F^2 = d_l, far above what fine-tuning reaches, and dW_l = 0 is a stationary point: the
cross-entropy has to leave it first, then the penalty lengthens tau. Report |tau| beside accuracies.

DEVIATES: `squared: false` has the norm without the square, as the code that was released for LoRA.
ASSUME: a layer is a matrix as it is stored, the fused W_q, W_k and W_v among them; embeddings and the projection behind
the last block are none.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping

import torch
from torch import Tensor

from lib.parameters import matching
from lib.training.objectives.cross_entropy import objective
from lib.training.objectives.interface import Context, Parameters, Penalty

__all__ = ["distance_from_orthonormal", "linear_layers", "objective", "penalty"]

_EMBEDDINGS = "*embedding*"


def penalty(context: Context) -> Penalty:
    """settings: strength, lambda; squared, whether the norms are; layers, shell patterns of the weights' names."""
    strength, squared = context.settings["strength"], context.settings["squared"]
    layers = linear_layers(context.theta_0, context.settings["layers"])

    def value(tau: Parameters, step: int) -> Tensor:
        return strength * sum(distance_from_orthonormal(tau[name], squared=squared) for name in layers)

    return value


def linear_layers(theta: Mapping[str, Tensor], patterns: Iterable[str]) -> list[str]:
    """The names of matrices among those that match, embeddings left out. Raises ValueError if there is none."""
    embeddings = set(matching(theta, [_EMBEDDINGS]))
    found = [name for name in matching(theta, patterns) if theta[name].ndim == 2 and name not in embeddings]
    if not found:
        raise ValueError(
            f"layers {list(patterns)} match no weight of a linear layer: the names begin {list(theta)[:3]}"
        )
    return found


def distance_from_orthonormal(update: Tensor, *, squared: bool = True) -> Tensor:
    """|U^T U - I|_F^2 of U, Float[Tensor, "out in"], or its root: a scalar. A root has the gradient zero at zero.

    By the Gram matrix of the shorter side, as U^T U and U U^T have the same eigenvalues but for zeros: those that U^T U
    has beside them add one each.
    """
    rows, columns = update.shape
    gram = update @ update.mT if rows < columns else update.mT @ update
    defect = gram - torch.eye(len(gram), dtype=gram.dtype, device=gram.device)
    if squared:
        return defect.square().sum() + max(columns - rows, 0)
    missing = defect.new_full((max(columns - rows, 0),), 1.0)
    return torch.linalg.vector_norm(torch.cat([defect.flatten(), missing]))
