"""Predictions of many edited models at once: theta_0 + sum_j A[k, j] tau_j for k = 1, ..., K.

A single-task model is one row, an alpha sweep 21 rows over one vector, a heatmap 400 rows over two. Each row takes a
pass over the images; tangent models need one for all (`lib.editing.tangent_models`).
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence

import torch
from torch import Tensor

from lib.editing.task_vector import TaskVector
from lib.models.heads import logits
from lib.parameters import require_same_names


def predictions(
    encoder, theta_0, taus: Sequence[TaskVector], coefficients: Tensor, batches: Iterable[Tensor], head: Tensor
) -> Tensor:
    """Int64[K, n]: argmax of the logits of f(x; theta_0 + sum_j A[k, j] tau_j), K passes over `batches`.

    coefficients: Float[K, m] for m task vectors; batches: re-iterable, UInt8[b, s, s, 3]; head: Float[C, d].
    """
    rows = []
    batches = list(batches) if len(coefficients) > 2 else batches  # read once, kept for all passes
    for tau in taus:
        require_same_names(theta_0, tau, what="edited parameters")
    theta = {name: torch.empty_like(value) for name, value in theta_0.items()} if taus else theta_0
    with torch.no_grad():
        for row in coefficients.tolist():
            if taus:
                _edit(theta, theta_0, taus, row)
            rows.append(torch.cat([logits(encoder.encode(theta, x), head).argmax(-1) for x in batches]))
    return torch.stack(rows)


def _edit(theta, theta_0, taus: Sequence[TaskVector], row: Sequence[float]) -> None:
    """theta = theta_0 + sum_j row[j] tau_j, in place: for small sets of images, new memory would cost most."""
    for name in theta_0:
        torch.mul(taus[0][name], row[0], out=theta[name])
        for tau, a in zip(taus[1:], row[1:], strict=True):
            theta[name].add_(tau[name], alpha=a)
        theta[name].add_(theta_0[name])
