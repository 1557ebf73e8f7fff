"""How far a task vector moves another task's embeddings, exactly, and as a stored curvature predicts it.

    mean_x |J(x) tau|^2   beside   tau^T G tau,   J of the normalised embedding at theta_0

One tangent pass over a task's images gives the first for all task vectors. The ratio and the rank correlation over the
pairs of a run say whether the curvature may stand for the images (no paper shows them).
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass

import torch
from scipy import stats
from torch import Tensor

from lib.models.encoders.interface import Parameters, TangentEncoder
from lib.training.curvature import Curvature


@dataclass(frozen=True)
class Drift:
    """Of the task vector of `vector` on the images of `task`: means over images of a squared length."""

    vector: str
    task: str
    exact: float
    predicted: float

    @property
    def ratio(self) -> float:
        """predicted / exact."""
        return self.predicted / self.exact


def exact_drifts(
    encoder: TangentEncoder, theta_0: Parameters, taus: Sequence[Parameters], batches: Iterable[Tensor]
) -> list[float]:
    """mean_x |J(x) tau|^2 of each task vector. batches: of images UInt8[Tensor, "n s s 3"].

    With v = f(x; theta_0) and u = v / |v|: J tau = (t - u <u, t>) / |v|, t the tangent of f before it is normalised.
    """
    total, images = torch.zeros(len(taus), dtype=torch.float64), 0
    for batch in batches:
        with torch.no_grad():
            value, tangents = encoder.value_and_tangents(theta_0, taus, batch)
        length = value.norm(dim=-1, keepdim=True)
        unit, moved = value / length, torch.stack(list(tangents))
        moved = (moved - unit * (unit * moved).sum(-1, keepdim=True)) / length
        total += moved.double().square().sum((1, 2)).cpu()
        images += len(batch)
    return (total / images).tolist()


def drifts(
    encoder: TangentEncoder,
    theta_0: Parameters,
    taus: Mapping[str, Parameters],
    curvatures: Mapping[str, Curvature],
    images: Mapping[str, Iterable[Tensor]],
    pairs: Collection[tuple[str, str]],
) -> list[Drift]:
    """Both numbers of each pair (task vector, task), task by task. images: task -> batches UInt8[Tensor, "n s s 3"]."""
    found = []
    for task in dict.fromkeys(task for _, task in pairs):
        vectors = [vector for vector, other in pairs if other == task]
        exact = exact_drifts(encoder, theta_0, [taus[vector] for vector in vectors], images[task])
        for vector, moved in zip(vectors, exact, strict=True):
            predicted = float(curvatures[task].quadratic(taus[vector]))
            found.append(Drift(vector, task, moved, predicted))
    return found


def rank_correlation(found: Sequence[Drift]) -> float:
    """Spearman's, of prediction and exact value, in [-1, 1]. Raises ValueError for fewer than three pairs."""
    if len(found) < 3:
        raise ValueError(f"a rank correlation of {len(found)} pairs says nothing: give three or more")
    return float(stats.spearmanr([one.predicted for one in found], [one.exact for one in found]).statistic)
