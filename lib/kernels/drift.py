"""How far task vectors move the embeddings of images, exactly: what a stored curvature predicts.

    mean_x |J(x) tau|^2   beside   tau^T G tau,   J of the normalised embedding at theta_0

One tangent pass over a task's images gives the first for all task vectors, `lib.training.curvature` the second. Whether
the curvature may stand for the images is for a run to say: no paper shows it.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence

import torch
from torch import Tensor

from lib.models.encoders.interface import Parameters, TangentEncoder


def squared_lengths(
    encoder: TangentEncoder, theta_0: Parameters, taus: Sequence[Parameters], batches: Iterable[Tensor]
) -> Tensor:
    """|J(x) tau|^2, Float32[Tensor, "v n"] on the CPU, of v task vectors on n images.

    batches: of images UInt8[Tensor, "b s s 3"]. With v = f(x; theta_0) and u = v / |v|: J tau = (t - u <u, t>) / |v|, t
    the tangent of f before it is normalised.
    """
    found = []
    for batch in batches:
        with torch.no_grad():
            value, tangents = encoder.value_and_tangents(theta_0, taus, batch)
        length = value.norm(dim=-1, keepdim=True)
        unit, moved = value / length, torch.stack(list(tangents))
        moved = (moved - unit * (unit * moved).sum(-1, keepdim=True)) / length
        found.append(moved.square().sum(-1).cpu())
    return torch.cat(found, dim=1)
