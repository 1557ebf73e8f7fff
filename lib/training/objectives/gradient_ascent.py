"""Gradient ascent on the cross-entropy: unlearning as the control of task negation (Ilharco et al. 2023, Sec. 3).

ASSUME: all but the sign is as in fine-tuning, with a learning rate of its own; no recipe was released.
"""

from __future__ import annotations

from torch import Tensor

from lib.training.objectives import cross_entropy
from lib.training.objectives.interface import Batch, Context, Objective, Parameters


def objective(context: Context) -> Objective:
    """The negative of `cross_entropy`'s."""
    descent = cross_entropy.objective(context)

    def loss(theta: Parameters, batch: Batch, step: int) -> Tensor:
        return -descent(theta, batch, step)

    return loss
