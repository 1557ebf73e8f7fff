"""Where on a tape a parameter's gradient comes in factors: batched matrix products, and lookups in embedding tables.

Under torch.func.vmap, a linear layer whose weight has a copy for each point is a batched matrix product. Its node keeps
the activations, and the gradient that flows into it is delta.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from itertools import pairwise

from torch import Tensor
from torch.autograd.graph import Node

from lib.kernels.lookups import lookup_of

_LEAF, _PRODUCT = "torch::autograd::AccumulateGrad", "BmmBackward0"
Graph = dict[Node, list[tuple[Node, int]]]


@dataclass(frozen=True)
class Product:
    """A batched product with a block of a weight's elements: M W, or W M if `weight_first`.

    place: (first element, number of elements, stride and size of both dimensions), the smaller stride first.
    reordered: W's second dimension has the smaller stride.
    """

    node: Node
    place: tuple
    weight_first: bool
    reordered: bool

    @property
    def other_operand(self) -> Node | None:
        """Where M comes from."""
        return self.node.next_functions[int(self.weight_first)][0]

    @property
    def activations(self) -> Tensor:
        """M, Float[Tensor, "points T size"]: its columns are the tokens if the weight is first, else its rows."""
        return self.node._saved_mat2.detach().mT if self.weight_first else self.node._saved_self.detach()

    def sides(self, gradient: Tensor) -> tuple[Tensor, Tensor]:
        """M and the gradient of the product, each Float[Tensor, "points T size"]."""
        return self.activations, gradient.mT if self.weight_first else gradient

    def factors(self, gradient: Tensor) -> tuple[Tensor, Tensor]:
        """G's factors, each Float[Tensor, "points T size"], in the order of the place's dimensions."""
        sides = self.sides(gradient)
        return sides if self.weight_first == self.reordered else sides[::-1]


@dataclass(frozen=True)
class Lookup:
    """A lookup of rows of an embedding table."""

    node: Node

    def factors(self, gradient: Tensor) -> tuple[Tensor, Tensor]:
        """(tokens, Int[Tensor, "points T"]; delta, Float[Tensor, "points T width"])."""
        return lookup_of(self.node)[1].flatten(1), gradient.flatten(1, -2)


Use = Product | Lookup


def graph_of(outputs: Tensor) -> Graph:
    """Each node of the tape, with the nodes that follow it in the forward pass and the position of the edge there."""
    graph: Graph = {outputs.grad_fn: []} if outputs.grad_fn is not None else {}
    queue = list(graph)
    while queue:
        node = queue.pop()
        for position, (before, _) in enumerate(node.next_functions):
            if before is not None:
                if before not in graph:
                    graph[before] = []
                    queue.append(before)
                graph[before].append((node, position))
    return graph


def lookups(graph: Graph) -> dict[str, list[Lookup]]:
    """The remembered lookups of each table."""
    found = defaultdict(list)
    for node in graph:
        if (remembered := lookup_of(node)) is not None:
            found[remembered[0]].append(Lookup(node))
    return dict(found)


def products(graph: Graph, leaves: Mapping[str, Tensor], others: Iterable[Tensor]) -> dict[str, list[list[Product]]]:
    """Of each leaf on the tape, the products that it is used in, grouped by the elements they multiply.

    A leaf with any other use has the empty list: its gradient comes whole. So it does where the backward pass, which
    asks for the gradients of `others` and of whole leaves, would not come by. Groups of one leaf share no element, so
    their contributions to an inner product add up; within a group the tokens of all products do.
    """
    names = {id(leaf): name for name, leaf in leaves.items()}
    ends = {node: names.get(id(node.variable)) for node in graph if node.name() == _LEAF}
    found = {
        name: _grouped(_products_after(node, leaves[name], graph) or [])
        for node, name in ends.items()
        if name is not None
    }
    asked = {id(tensor) for tensor in others} | {id(leaves[name]) for name, groups in found.items() if not groups}
    passed = _above([node for node in ends if id(node.variable) in asked], graph)
    return {
        name: groups if all(use.other_operand in passed for group in groups for use in group) else []
        for name, groups in found.items()
    }


def _above(nodes: list[Node], graph: Graph) -> set[Node]:
    """The nodes, and all that follow them in the forward pass."""
    found, queue = set(nodes), list(nodes)
    while queue:
        new = {after for after, _ in graph[queue.pop()]} - found
        found |= new
        queue += new
    return found


def _products_after(node: Node, leaf: Tensor, graph: Graph) -> list[Product] | None:
    """The products behind a leaf's views; None if anything else is behind them."""
    found = [] if graph[node] else None
    for after, position in graph[node]:
        if after.name() == _PRODUCT:
            use = _product(after, position, leaf)
            uses = None if use is None else [use]
        elif len(after.next_functions) == 1:  # if it is no view, the product's weight lies elsewhere in memory
            uses = _products_after(after, leaf, graph)
        else:
            uses = None
        if uses is None or found is None:
            return None
        found += uses
    return found


def _product(node: Node, position: int, leaf: Tensor) -> Product | None:
    """None unless the product's weight is a dense block of the leaf's elements, with the points in its first axis."""
    weight = (node._saved_self, node._saved_mat2)[position]
    if weight is None or weight.untyped_storage().data_ptr() != leaf.untyped_storage().data_ptr():
        return None
    if len(weight) != len(leaf) or (len(leaf) > 1 and weight.stride(0) != 0):
        return None
    dimensions = list(zip(weight.stride()[1:], weight.shape[1:], strict=True))
    elements = weight[0].numel()
    if sum(stride * (size - 1) for stride, size in dimensions) + 1 != elements:
        return None
    place = weight.storage_offset() - leaf.storage_offset(), elements, *sorted(dimensions)
    return Product(node, place, weight_first=position == 0, reordered=sorted(dimensions) != dimensions)


def _grouped(uses: list[Product]) -> list[list[Product]]:
    groups = defaultdict(list)
    for use in uses:
        groups[use.place].append(use)
    overlap = any(place[0] + place[1] > after[0] for place, after in pairwise(sorted(groups)))
    return [] if overlap else list(groups.values())
