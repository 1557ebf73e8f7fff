"""Cross-entropy on the parameters alone that matter least to the pre-trained model's outputs.

    score_j = sum_x (d logit_y(x; theta_0) / d theta_j)^2,   y ~ softmax(logits), once per image    (Iurada et al. 2025)

The elements with the smallest scores train, the others keep the bits of theta_0. The share falls to `keep` in rounds,
keep^(r / rounds) after round r; what was frozen stays so, and counts `damping` times in the scores of later rounds.

DEVIATES: every parameter has scores. The released code gives none to class and positional embedding and projection,
which then seem to train as a whole.
DEVIATES: frozen elements do not count in the gradient's norm that is clipped; in the released code the mask acts in the
optimizer, behind the clip.
ASSUME: images of the task's own validation part, without their labels, each in one pass: squares of single gradients,
not of their sum. Rounds go over all of them, with labels drawn anew.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping

import numpy as np
import torch
from torch import Tensor

from lib.data import prepared
from lib.models.heads import logits
from lib.training.objectives.cross_entropy import objective
from lib.training.objectives.interface import Context, Mask, Parameters

__all__ = ["fisher_scores", "kept_share", "mask", "objective", "smallest"]

OWN = "own_val"  # the kind under which the task's own validation images come


def mask(context: Context) -> Mask:
    """settings: keep, the share that trains; rounds; damping; seed, of the labels that are drawn."""
    settings, theta_0 = context.settings, context.theta_0
    ((_, path),) = context.others[OWN].items()
    split = prepared.read(path.parent, "val")
    device = next(iter(theta_0.values())).device

    def images() -> Iterator[Tensor]:
        for row in range(len(split)):
            yield torch.from_numpy(split.images([row])).to(device)

    def scores(theta: Parameters, turn: int) -> dict[str, Tensor]:
        uniform = np.random.default_rng([settings["seed"], turn]).random(len(split))
        return fisher_scores(lambda t, x: logits(context.model(t, x), context.head), theta, images(), uniform)

    return kept_share(theta_0, scores, keep=settings["keep"], rounds=settings["rounds"], damping=settings["damping"])


def fisher_scores(
    f: Callable[[Parameters, Tensor], Tensor], theta: Parameters, images: Iterable[Tensor], uniform: Iterable[float]
) -> dict[str, Tensor]:
    """Sum over images of the squared gradient of one logit, drawn by softmax: each tensor in its parameter's shape.

    f: (theta, image) -> Float[Tensor, "1 C"], logits; images: one at a time; uniform: a number in [0, 1) for each, by
    which its logit is drawn.
    """
    leaves = {name: value.detach().clone().requires_grad_() for name, value in theta.items()}
    total = {name: torch.zeros_like(value) for name, value in theta.items()}
    for image, u in zip(images, uniform, strict=True):
        with torch.enable_grad():
            (outputs,) = f(leaves, image)
            drawn = (outputs.detach().double().softmax(0).cumsum(0) <= u).sum().clamp(max=len(outputs) - 1)
            gradients = torch.autograd.grad(
                outputs[drawn], list(leaves.values()), allow_unused=True, materialize_grads=True
            )
        for name, gradient in zip(leaves, gradients, strict=True):
            total[name].addcmul_(gradient, gradient)
    return total


def kept_share(
    theta_0: Parameters,
    scores: Callable[[Parameters, int], Mapping[str, Tensor]],
    *,
    keep: float,
    rounds: int,
    damping: float,
) -> dict[str, Tensor]:
    """Bool tensors in theta_0's shapes, True for round(keep * elements) of all elements.

    scores: (theta, round from 0) -> the score of each element. Raises ValueError for a share outside (0, 1] or less
    than one round.
    """
    if not 0 < keep <= 1 or rounds < 1:
        raise ValueError(f"keep {keep} in {rounds} rounds: expected a share above 0 and up to 1, in one round at least")
    elements = sum(value.numel() for value in theta_0.values())
    kept = {name: torch.ones_like(value, dtype=torch.bool) for name, value in theta_0.items()}
    for turn in range(rounds):
        damped = {name: torch.where(kept[name], value, damping * value) for name, value in theta_0.items()}
        kept = smallest(scores(damped, turn), kept, count=round(keep ** ((turn + 1) / rounds) * elements))
    return kept


def smallest(scores: Mapping[str, Tensor], among: Mapping[str, Tensor], *, count: int) -> dict[str, Tensor]:
    """True for the `count` elements with the smallest scores among those that are True; of equal ones the first."""
    flat = torch.cat([scores[name].flatten().masked_fill(~among[name].flatten(), torch.inf) for name in among])
    threshold = flat.kthvalue(count).values
    below, at = flat < threshold, flat == threshold
    chosen = below | (at & (at.cumsum(0) <= count - below.sum()))
    parts = chosen.split([value.numel() for value in among.values()])
    return {name: part.view(value.shape) for part, (name, value) in zip(parts, among.items(), strict=True)}
