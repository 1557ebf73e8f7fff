"""Predictions of many edited models at once: theta_0 + sum_j A[k, j] tau_j for k = 1, ..., K.

A single-task model is one row, an alpha sweep 21 rows over one vector, a heatmap 400 rows over two. Each row takes a
pass over the images; tangent models need one for all (`lib.editing.tangent_models`).
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence

import torch
import torch.nn.functional as F
from torch import Tensor

from lib.editing.task_vector import TaskVector
from lib.models.heads import logits
from lib.parameters import require_same_names


@torch.no_grad()
def predictions(
    encoder, theta_0, taus: Sequence[TaskVector], coefficients: Tensor, batches: Iterable[Tensor], head: Tensor
) -> Tensor:
    """Int64[K, n]: argmax of the logits of f(x; theta_0 + sum_j A[k, j] tau_j), K passes over `batches`.

    coefficients: Float[K, m] for m task vectors; batches: re-iterable, UInt8[b, s, s, 3]; head: Float[C, d].
    """
    models = _embeddings(encoder, theta_0, taus, coefficients, batches)
    return torch.stack([_classes(embeddings, head) for embeddings in models])


@torch.no_grad()
def predictions_and_distances(
    encoder,
    theta_0,
    taus: Sequence[TaskVector],
    coefficients: Tensor,
    batches: Iterable[Tensor],
    head: Tensor,
    references: Sequence[int],
) -> tuple[Tensor, Tensor]:
    """Predictions, and how far each model's embeddings lie from another's, Int64 and Float64[K, n], from K passes.

    The distance of row k is 1 - cos(f_k(x), f_r(x)) with r = references[k], in [0, 2]. Raises ValueError for a
    reference to a later row. The rest as for `predictions`.
    """
    if late := [(row, one) for row, one in enumerate(references) if one > row]:
        raise ValueError(f"row {late[0][0]} is compared with row {late[0][1]}, expected an earlier one, or itself")
    needed, kept, classes, distances = set(references), {}, [], []
    for row, model in enumerate(_embeddings(encoder, theta_0, taus, coefficients, batches)):
        embeddings = list(model)
        classes.append(_classes(embeddings, head))
        found = torch.cat(embeddings)
        if row in needed:
            kept[row] = found
        distances.append(_distance(found, kept[references[row]]))
    return torch.stack(classes), torch.stack(distances)


def _embeddings(
    encoder, theta_0, taus: Sequence[TaskVector], coefficients: Tensor, batches: Iterable[Tensor]
) -> Iterator[Iterator[Tensor]]:
    """For each row the embeddings Float[b, d] of each batch, to be read before the next row: theta is one memory."""
    batches = list(batches) if len(coefficients) > 2 else batches  # read once, kept for all passes
    for tau in taus:
        require_same_names(theta_0, tau, what="edited parameters")
    theta = {name: torch.empty_like(value) for name, value in theta_0.items()} if taus else theta_0
    for row in coefficients.tolist():
        if taus:
            _edit(theta, theta_0, taus, row)
        yield (encoder.encode(theta, x) for x in batches)


def _edit(theta, theta_0, taus: Sequence[TaskVector], row: Sequence[float]) -> None:
    """theta = theta_0 + sum_j row[j] tau_j, in place: for small sets of images, new memory would cost most."""
    for name in theta_0:
        torch.mul(taus[0][name], row[0], out=theta[name])
        for tau, a in zip(taus[1:], row[1:], strict=True):
            theta[name].add_(tau[name], alpha=a)
        theta[name].add_(theta_0[name])


def _classes(embeddings: Iterable[Tensor], head: Tensor) -> Tensor:
    return torch.cat([logits(batch, head).argmax(-1) for batch in embeddings])


def _distance(one: Tensor, other: Tensor) -> Tensor:
    """1 - cos, Float64[n], as |u - v|^2 / 2 of unit vectors: exact where both are the same, and near there."""
    u, v = (F.normalize(features.double(), dim=-1) for features in (one, other))
    return (u - v).square().sum(-1) / 2
