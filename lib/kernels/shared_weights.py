"""Products of many points with copies of one weight, as one product: a batch of views of one matrix runs slower."""

from __future__ import annotations

import torch
from torch import Tensor, ops
from torch.utils._python_dispatch import TorchDispatchMode


class SharedWeights(TorchDispatchMode):
    """While it is entered, the batched product of M, Float[Tensor, "points T in"], with a weight that has no memory for
    each point, is the product of all rows of M with that weight. The tape is the same, so are numbers up to rounding.
    """

    def __torch_dispatch__(self, function, types, args=(), kwargs=None):
        if function is ops.aten.bmm.default and _is_one(args[1]):
            many, weight = args
            return torch.mm(many.flatten(0, 1), weight[0]).unflatten(0, many.shape[:2])
        return function(*args, **(kwargs or {}))


def _is_one(weight: Tensor) -> bool:
    return len(weight) > 1 and weight.stride(0) == 0
