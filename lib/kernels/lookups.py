"""Embedding tables whose gradients are not made: the tape remembers which rows were looked up.

The gradient of a table is one_hot(token) delta^T, summed over tokens: factors, as a linear layer's. torch.func.vmap
would copy a table in memory for each point; here the one table serves all points.
"""

from __future__ import annotations

from collections.abc import Mapping

import torch
import torch.nn.functional as F
from torch import Tensor
from torch.autograd.graph import Node
from torch.overrides import TorchFunctionMode

from lib.kernels.gram import NO_TOKEN


class RememberedLookups(TorchFunctionMode):
    """Inside the block, `F.embedding` of one of the tables leaves a node on the tape that `lookup_of` reads.

    tables: id of the tensor that the function sees -> (name, the table itself). anchor: a number for each point that
    wants a gradient, so that the backward pass goes through the node.
    """

    def __init__(self, tables: Mapping[int, tuple[str, Tensor]], anchor: Tensor):
        super().__init__()
        self.tables, self.anchor = tables, anchor

    def __torch_function__(self, function, types, arguments=(), options=None):
        options = options or {}
        call = _call(*arguments, **options) if function is F.embedding else {}
        if id(call.get("weight")) in self.tables and call["max_norm"] is None and not call["scale_grad_by_freq"]:
            name, table = self.tables[id(call["weight"])]
            padding = call["padding_idx"]
            without_gradient = NO_TOKEN if padding is None else padding % len(table)
            return _Lookup.apply(table, call["input"], self.anchor, name, without_gradient)
        return function(*arguments, **options)


def lookup_of(node: Node) -> tuple[str, Tensor] | None:
    """(the table's name, Int[Tensor, "points ..."] the tokens, NO_TOKEN at padding), or None for any other node."""
    return node.remembered if isinstance(node, _Lookup._backward_cls) else None


def _call(input, weight, padding_idx=None, max_norm=None, norm_type=2.0, scale_grad_by_freq=False, sparse=False):
    """What `F.embedding` was called with, by its names."""
    return locals()


class _Lookup(torch.autograd.Function):
    @staticmethod
    def forward(table, tokens, anchor, name, without_gradient):
        return F.embedding(tokens, table)

    @staticmethod
    def setup_context(ctx, inputs, output):
        _, tokens, anchor, name, without_gradient = inputs
        ctx.remembered = name, tokens.masked_fill(tokens == without_gradient, NO_TOKEN)
        ctx.anchor = torch.zeros_like(anchor)

    @staticmethod
    def vmap(info, in_dims, table, tokens, anchor, name, without_gradient):
        shared = in_dims[1] is None  # the same tokens at each point, such as positions
        tokens = tokens.expand(info.batch_size, *tokens.shape) if shared else tokens.movedim(in_dims[1], 0)
        return _Lookup.apply(table, tokens, anchor, name, without_gradient), 0

    @staticmethod
    def backward(ctx, delta):
        return None, None, ctx.anchor, None, None
