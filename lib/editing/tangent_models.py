"""Predictions of many edited tangent models at once: f_lin at theta_0 + sum_j A[k, j] tau_j for k = 1, ..., K.

Features of a tangent model are affine in A, so one pass over the images gives all rows.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence

import torch
from torch import Tensor

from lib.editing.task_vector import TaskVector
from lib.models.heads import products
from lib.precision import exact_products

_CHUNK = 2**24  # logits held at a time


@torch.no_grad()
def predictions(
    encoder, theta_0, taus: Sequence[TaskVector], coefficients: Tensor, batches: Iterable[Tensor], head: Tensor
) -> Tensor:
    """Int64[K, n]: argmax of the logits of f_lin(x; theta_0 + sum_j A[k, j] tau_j), from one pass over `batches`.

    encoder: a `TangentEncoder`; the rest as for `lib.editing.edited_models.predictions`. L2 normalisation scales all
    logits of an image alike, so the prediction is the argmax of W f(x; theta_0) + sum_j A[k, j] W J tau_j, which is
    affine in A.
    """
    scores = [_scores(*encoder.value_and_tangents(theta_0, list(taus), x), head) for x in batches]
    return _classes(scores, coefficients.to(head))


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
    """Predictions, and how far each model's embeddings lie from another's, Int64 and Float64[K, n], from one pass.

    See `lib.editing.edited_models.predictions_and_distances`; any row may refer to any. Embeddings are affine in A, so
    every cosine follows from the inner products of f(x; theta_0) and J tau_j.
    """
    scores, inner = [], []
    for x in batches:
        value, tangents = encoder.value_and_tangents(theta_0, list(taus), x)
        scores.append(_scores(value, tangents, head))
        inner.append(_inner_products(value, tangents))
    coefficients = coefficients.to(head)
    return _classes(scores, coefficients), _distances(torch.cat(inner), coefficients, references)


def _scores(value: Tensor, tangents: Sequence[Tensor], head: Tensor) -> tuple[Tensor, Tensor]:
    """(W f, [W J tau_1, ...]) of a batch: Float[b, C], Float[m, b, C]."""
    return products(value, head), torch.stack([products(tangent, head) for tangent in tangents])


def _classes(scores: Sequence[tuple[Tensor, Tensor]], coefficients: Tensor) -> Tensor:
    values, tangents = zip(*scores, strict=True)
    with exact_products(coefficients.device.type):
        return _affine_argmax(torch.cat(values), torch.cat(tangents, dim=1), coefficients)


def _affine_argmax(value: Tensor, tangents: Tensor, coefficients: Tensor) -> Tensor:
    """argmax_c (value[n, c] + sum_j A[k, j] tangents[j, n, c]), Int64[K, n]."""
    rows = max(1, _CHUNK // max(1, value.shape[1] * len(coefficients)))
    found = []
    for start in range(0, len(value), rows):
        part = slice(start, start + rows)
        scores = value[part] + torch.einsum("kj,jnc->knc", coefficients, tangents[:, part])
        found.append(scores.argmax(-1))
    return torch.cat(found, dim=1)


def _inner_products(value: Tensor, tangents: Sequence[Tensor]) -> Tensor:
    """Float64[b, 1 + m, 1 + m]: G[i, j] = <g_i, g_j> per image, with g = (f(x; theta_0), J tau_1, ...)."""
    features = torch.stack([features.double() for features in (value, *tangents)], dim=1)
    return features @ features.mT


def _distances(inner: Tensor, coefficients: Tensor, references: Sequence[int]) -> Tensor:
    """Float64[K, n]: 1 - c^T G c' / sqrt(c^T G c  c'^T G c'), c = (1, A[k]) and c' = (1, A[references[k]])."""
    c = torch.cat([torch.ones_like(coefficients[:, :1]), coefficients], dim=1).double()
    references = torch.as_tensor(references, device=c.device)
    squares = _bilinear(c, inner, c)
    cosine = _bilinear(c, inner, c[references]) / (squares * squares[references]).sqrt()
    return (1 - cosine).clamp_min(0)


def _bilinear(one: Tensor, inner: Tensor, other: Tensor) -> Tensor:
    """sum_ij one[k, i] inner[n, i, j] other[k, j], Float64[K, n]."""
    return ((one @ inner).transpose(0, 1) * other[:, None]).sum(-1)
