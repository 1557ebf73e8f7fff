"""A function at many points, recorded with a copy of some parameters for each point, and the products these meet.

For what needs the inputs and the gradients of each layer apart. `lib.kernels.tape` gives their inner products alone.
"""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass

import torch
from torch import Tensor

from lib.kernels.factored_uses import Product, graph_of, products
from lib.kernels.shared_weights import SharedWeights
from lib.models.linearize import Function, Parameters, differentiable_attention


@dataclass(frozen=True)
class Recorded:
    """outputs: Float[Tensor, "points d"]. copies: of the parameters, views without memory of their own; inputs: those
    of f that a gradient passes by; products: name of a parameter -> see `lib.kernels.factored_uses.products`.
    """

    outputs: Tensor
    copies: dict[str, Tensor]
    inputs: list[Tensor]
    products: dict[str, list[list[Product]]]


def record(f: Function, theta: Parameters, x: Tensor, copied: Collection[str]) -> Recorded:
    """f at the points x, with copies of the parameters named. f: runs under torch.func.vmap, each output a function of
    its own point.
    """
    copies = {name: theta[name].detach().expand(len(x), *theta[name].shape).requires_grad_() for name in copied}
    others = {name: value.detach() for name, value in theta.items() if name not in copies}
    x = x.detach().requires_grad_() if x.is_floating_point() else x
    with torch.enable_grad(), differentiable_attention(), SharedWeights():
        outputs = torch.func.vmap(lambda own, point: f({**others, **own}, point[None])[0].flatten())(copies, x)
    inputs = [x] if x.requires_grad else []
    return Recorded(outputs, copies, inputs, products(graph_of(outputs), copies, inputs))
