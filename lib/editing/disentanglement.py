"""The disentanglement error of two task vectors (Ortiz-Jimenez et al. 2023, Eq. 6).

    xi(a1, a2) = sum over t in {1, 2} of
        E_{x in mu_t} [ dist(f(x; theta_0 + a_t tau_t), f(x; theta_0 + a1 tau_1 + a2 tau_2)) ]

dist is whether the predictions differ (the paper's: xi is a sum of two error rates, 0 to 2), or 1 - cosine of the image
embeddings (xi on the representation, 0 to 4; Jin et al. 2024).

ASSUME: xi on the representation keeps the sum, images and grid of xi on predictions, and takes embeddings as the
encoder gives them, before the head.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import torch
from torch import Tensor

Compare = Callable[[int, Tensor, list[int]], tuple[Tensor, Tensor]]


@dataclass(frozen=True)
class Term:
    """A task's term of xi before the mean over its images: joint models against that of the task alone.

    differs: Bool[g, g, n], whether the predictions differ; distance: Float32[g, g, n], 1 - cosine of the embeddings.
    """

    differs: Tensor
    distance: Tensor

    @property
    def error(self) -> Tensor:
        """Float64[g, g], axes (a1, a2), in [0, 1]."""
        return self.differs.double().mean(-1)

    @property
    def representation(self) -> Tensor:
        """Float64[g, g], axes (a1, a2), in [0, 2]."""
        return self.distance.double().mean(-1)


def coefficient_rows(alphas: Sequence[float], own: int) -> Tensor:
    """Float32[g + g g, 2]: the g models with task `own` (0 or 1) alone, then the grid, a1 slow and a2 fast."""
    grid = torch.tensor(alphas, dtype=torch.float32)
    alone = torch.zeros(len(grid), 2)
    alone[:, own] = grid
    return torch.cat([alone, torch.cartesian_prod(grid, grid)])


def reference_rows(points: int, own: int) -> list[int]:
    """The row of `coefficient_rows` that each is compared with: that of task `own` alone at the same alpha."""
    alone = range(points)
    return [*alone, *(pair[own] for pair in ((i, j) for i in alone for j in alone))]


def term(predictions: Tensor, distances: Tensor, own: int) -> Term:
    """What models of `coefficient_rows` give on images of task `own`.

    predictions: Int64[g + g g, n]; distances: Float[g + g g, n], from the rows that `reference_rows` names.
    """
    g = round((len(predictions) + 0.25) ** 0.5 - 0.5)
    alone, joint = predictions[:g], predictions[g:].unflatten(0, (g, g))
    alone = alone[:, None] if own == 0 else alone[None, :]
    return Term(joint != alone, distances[g:].unflatten(0, (g, g)).float())


def terms(alphas: Sequence[float], compare: Compare) -> tuple[Term, Term]:
    """Both terms of xi on the grid alphas x alphas; xi is the sum of their means.

    compare: (own, Float[K, 2] coefficients, K references) -> predictions Int64[K, n] and distances Float[K, n] on the
    images of task `own`, as `lib.editing.edited_models.predictions_and_distances`.
    """
    found = []
    for own in (0, 1):
        compared = compare(own, coefficient_rows(alphas, own), reference_rows(len(alphas), own))
        found.append(term(*(values.cpu() for values in compared), own))
    return tuple(found)
