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


def predictions(
    encoder, theta_0, taus: Sequence[TaskVector], coefficients: Tensor, batches: Iterable[Tensor], head: Tensor
) -> Tensor:
    """Int64[K, n]: argmax of the logits of f_lin(x; theta_0 + sum_j A[k, j] tau_j), from one pass over `batches`.

    encoder: a `TangentEncoder`; the rest as for `lib.editing.edited_models.predictions`. L2 normalisation scales all
    logits of an image alike, so the prediction is the argmax of W f(x; theta_0) + sum_j A[k, j] W J tau_j, which is
    affine in A.
    """
    values, tangents = [], []
    with torch.no_grad():
        for x in batches:
            value, directions = encoder.value_and_tangents(theta_0, list(taus), x)
            values.append(products(value, head))
            tangents.append(torch.stack([products(direction, head) for direction in directions]))
        with exact_products(head.device.type):
            return _affine_argmax(torch.cat(values), torch.cat(tangents, dim=1), coefficients.to(head))


def _affine_argmax(value: Tensor, tangents: Tensor, coefficients: Tensor) -> Tensor:
    """argmax_c (value[n, c] + sum_j A[k, j] tangents[j, n, c]), Int64[K, n]."""
    rows = max(1, _CHUNK // max(1, value.shape[1] * len(coefficients)))
    found = []
    for start in range(0, len(value), rows):
        part = slice(start, start + rows)
        scores = value[part] + torch.einsum("kj,jnc->knc", coefficients, tangents[:, part])
        found.append(scores.argmax(-1))
    return torch.cat(found, dim=1)
