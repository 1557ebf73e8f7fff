"""Cross-entropy of the frozen head's logits, without label smoothing (Ilharco et al. 2023, App. B)."""

from __future__ import annotations

import torch.nn.functional as F
from torch import Tensor

from lib.models.heads import logits
from lib.training.objectives.interface import Batch, Context, Objective, Parameters


def objective(context: Context) -> Objective:
    """-sum over the batch of log softmax(W n(f(x; theta)))[y], with n the L2 normalisation."""

    def loss(theta: Parameters, batch: Batch, step: int) -> Tensor:
        images, labels = batch
        return F.cross_entropy(logits(context.model(theta, images), context.head), labels, reduction="sum")

    return loss
