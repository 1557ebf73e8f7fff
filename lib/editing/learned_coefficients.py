"""Coefficients of task vectors, learned on images: theta_0 + sum_t a_t tau_t, or one a_{t,p} for each tensor p.

By the cross-entropy of labelled images (aTLAS, Zhang et al. 2024) or the entropy of predictions, which needs no label
(AdaMerging, Yang et al. 2024). The embeddings of a tangent model are f(x; theta_0) + sum_t a_t J tau_t, so one pass
over the images gives all that the coefficients of whole vectors are learned from.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import torch
import torch.nn.functional as F
from torch import Tensor

from lib.draws import number_of
from lib.models.heads import logits

Parameters = Mapping[str, Tensor]
# (coefficients, task -> rows) -> task -> the mean over these images
Loss = Callable[[Tensor, Mapping[str, np.ndarray]], dict[str, Tensor]]


@dataclass(frozen=True)
class Learning:
    """start: of every coefficient; bounds: to which they are clamped after each step, or None. Adam with decoupled
    weight decay; clip_norm: greatest norm of the gradient, or None. batch: images of each task in a step.
    """

    start: float
    steps: int
    batch: int
    learning_rate: float
    weight_decay: float = 0.0
    bounds: tuple[float, float] | None = None
    clip_norm: float | None = None
    seed: int = 0


def learn(loss: Loss, images: Mapping[str, int], shape: Sequence[int], learning: Learning) -> Tensor:
    """Coefficients Float32[*shape] that make the sum of the tasks' losses small, by `learning`.

    images: task -> how many there are. Each step sees a batch of every task, in an order that seed, task and epoch
    decide. Raises ValueError for a task without images, FloatingPointError if a loss is not finite.
    """
    orders = {task: batches(n, learning.batch, learning.seed, task) for task, n in images.items()}
    coefficients = torch.full(tuple(shape), learning.start, requires_grad=True)
    optimizer = torch.optim.AdamW([coefficients], lr=learning.learning_rate, weight_decay=learning.weight_decay)
    for step in range(learning.steps):
        optimizer.zero_grad()
        values = loss(coefficients, {task: next(order) for task, order in orders.items()})
        for task, value in values.items():
            if not torch.isfinite(value):
                raise FloatingPointError(
                    f"the loss of {task} is {value.item()} in step {step}; likely cause: weights or a task vector that "
                    "are not finite; look at the training log"
                )
        sum(values.values()).backward()
        if learning.clip_norm is not None:
            torch.nn.utils.clip_grad_norm_([coefficients], learning.clip_norm)
        optimizer.step()
        if learning.bounds is not None:
            with torch.no_grad():
                coefficients.clamp_(*learning.bounds)
    return coefficients.detach()


def batches(n: int, batch: int, seed: int, task: str) -> Iterator[np.ndarray]:
    """Rows of n images without end, min(batch, n) at a time, each epoch in another order; an epoch's rest is left out.

    Raises ValueError for no image.
    """
    if n == 0:
        raise ValueError(f"{task} has no image: nothing to learn coefficients from, expected one at least")
    size, epoch = min(batch, n), 0
    while True:
        order = np.random.default_rng([seed, number_of(task), epoch]).permutation(n)
        yield from (order[start : start + size] for start in range(0, n - size + 1, size))
        epoch += 1


def cross_entropy(scores: Tensor, labels: Tensor) -> Tensor:
    """-mean log softmax(scores)[label], of scores Float[n, C] and labels Int64[n]."""
    return F.cross_entropy(scores, labels)


def entropy(scores: Tensor, labels: Tensor | None = None) -> Tensor:
    """-mean sum_c p_c log p_c with p = softmax(scores); labels are not read."""
    return -(scores.softmax(-1) * scores.log_softmax(-1)).sum(-1).mean()


OBJECTIVES = {"cross_entropy": cross_entropy, "entropy": entropy}


def of_features(
    values: Mapping[str, Tensor],
    tangents: Mapping[str, Tensor],
    labels: Mapping[str, Tensor],
    heads: Mapping[str, Tensor],
    objective: str,
) -> Loss:
    """The loss of a tangent model as a function of a, Float[m], from its features: no further pass over the images.

    By task: values Float[n, d], f(x; theta_0); tangents Float[m, n, d], J tau_j; labels Int64[n]; heads Float[C, d].
    The features are embeddings, not logits: their norm, which the logits divide by, depends on a.
    """

    def of_task(coefficients: Tensor, task: str, rows: np.ndarray) -> Tensor:
        chosen = torch.from_numpy(rows).to(values[task].device)
        a = coefficients.to(values[task])
        embeddings = values[task][chosen] + torch.einsum("m,mnd->nd", a, tangents[task][:, chosen])
        return OBJECTIVES[objective](logits(embeddings, heads[task]), labels[task][chosen])

    return lambda coefficients, rows: {task: of_task(coefficients, task, of) for task, of in rows.items()}


def of_model(
    model: Callable[[Parameters, Tensor], Tensor],
    theta_0: Parameters,
    taus: Sequence[Parameters],
    images: Callable[[str, np.ndarray], tuple[Tensor, Tensor]],
    heads: Mapping[str, Tensor],
    objective: str,
) -> Loss:
    """The loss of any model as a function of a, Float[m] or, a column per tensor in theta_0's order, Float[m, P].

    model: (theta, images) -> Float[n, d], differentiable in theta; images: (task, rows) -> images and labels. All
    tasks' images go through it together: one edited model, and one gradient of it, in a step.
    """

    def loss(coefficients: Tensor, rows: Mapping[str, np.ndarray]) -> dict[str, Tensor]:
        batches = {task: images(task, of) for task, of in rows.items()}
        theta = combined(theta_0, taus, coefficients)
        embeddings = model(theta, torch.cat([x for x, _ in batches.values()])).split([len(of) for of in rows.values()])
        return {
            task: OBJECTIVES[objective](logits(of_task, heads[task]), labels)
            for of_task, (task, (_, labels)) in zip(embeddings, batches.items(), strict=True)
        }

    return loss


def combined(theta_0: Parameters, taus: Sequence[Parameters], coefficients: Tensor) -> dict[str, Tensor]:
    """theta_0 + sum_t a_t tau_t, differentiable in a: Float[m], or Float[m, P] with a column per tensor."""
    rows = coefficients if coefficients.ndim == 2 else coefficients[:, None].expand(-1, len(theta_0))
    columns = rows.to(next(iter(theta_0.values()))).unbind(1)
    return {
        name: value + sum(a * tau[name] for a, tau in zip(column.unbind(), taus, strict=True))
        for (name, value), column in zip(theta_0.items(), columns, strict=True)
    }
