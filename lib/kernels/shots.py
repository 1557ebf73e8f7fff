"""k-shot subsets of labelled points: seeded, and each within the larger ones of its seed."""

from __future__ import annotations

import torch
from torch import Tensor


def k_shot(labels: Tensor, k: int, *, seed: int) -> Tensor:
    """Int64[Tensor, "C*k"]: the rows of k points of each class that occurs, class after class.

    labels: Int[Tensor, "n"]. The points of a class stand in an order of the seed's, of which the first k are taken: for
    k' < k the k'-shot subset is a part of the k-shot one. Raises ValueError for k < 1 and for a class of fewer points.
    """
    if k < 1:
        raise ValueError(f"{k}-shot: expected one point of each class at least")
    labels = labels.cpu()
    order = torch.randperm(len(labels), generator=torch.Generator().manual_seed(seed))
    rows = []
    for label in labels.unique().tolist():
        own = order[labels[order] == label]
        if len(own) < k:
            raise ValueError(
                f"class {label} has {len(own)} points, expected {k} for {k}-shot: choose a smaller k, or another task"
            )
        rows.append(own[:k])
    return torch.cat(rows)
