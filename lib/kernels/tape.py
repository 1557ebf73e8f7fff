"""A function of parameters at many points at once, each point with a copy of the parameters.

The copies are views without memory of their own. What flows back into one is the gradient of that point alone, made
whole by torch.func.vmap's rules. Weights that only meet matrix products (linear layers, attention's projections) and
embedding tables are found on the tape, and their gradients come in factors.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator
from dataclasses import dataclass
from functools import partial

import torch
from torch import Tensor
from torch.utils.hooks import RemovableHandle

from lib.kernels.factored_uses import Use, graph_of, lookups, products
from lib.kernels.gram import Gram
from lib.kernels.lookups import RememberedLookups
from lib.kernels.shared_weights import SharedWeights
from lib.models.linearize import Function, Parameters, differentiable_attention


@dataclass(frozen=True)
class Copies:
    """f with a copy of the trained parameters for each point.

    f: (theta, *inputs) -> Float[Tensor, "n ..."], where an output depends on its own point alone. trained: the names to
    differentiate by. vectorize: run all points at once, by torch.func.vmap; else one by one, and each gradient comes
    whole. tables: those of the trained names that are looked up, not copied.
    """

    f: Function
    theta: Parameters
    trained: Collection[str]
    vectorize: bool = True
    tables: Collection[str] = ()

    def record(self, inputs: tuple[Tensor, ...]) -> Tape:
        """The outputs at these points, and their tape."""
        points = len(inputs[0])
        leaves = {name: _copied(self.theta[name], points) for name in self.trained}
        inputs = tuple(x.detach().requires_grad_() if x.is_floating_point() else x for x in inputs)
        anchor = torch.zeros(points, device=inputs[0].device, requires_grad=True)
        run = torch.func.vmap(self._at_a_point) if self.vectorize else self._one_by_one
        with torch.enable_grad(), differentiable_attention(), SharedWeights():
            outputs = run(leaves, anchor, inputs)
        return Tape(outputs, leaves, [anchor, *(x for x in inputs if x.requires_grad)])

    def _at_a_point(self, copy: Parameters, anchor: Tensor, inputs: tuple[Tensor, ...]) -> Tensor:
        theta = {name: copy[name] if name in copy else value.detach() for name, value in self.theta.items()}
        tables = {id(theta[name]): (name, self.theta[name].detach()) for name in self.tables}
        with RememberedLookups(tables, anchor):
            return self.f(theta, *(x[None] for x in inputs))[0].flatten()

    def _one_by_one(self, leaves: Parameters, anchor: Tensor, inputs: tuple[Tensor, ...]) -> Tensor:
        columns = zip(*(leaf.unbind() for leaf in leaves.values()), strict=True)
        copies = (dict(zip(leaves, column, strict=True)) for column in columns)
        points = zip(copies, anchor.unbind(), zip(*inputs, strict=True), strict=True)
        return torch.stack([self._at_a_point(*point) for point in points])


class Tape:
    """outputs, Float[Tensor, "points d"], and how their gradients reach the parameters.

    looked_up: the tables of which lookups are remembered. whole: the parameters whose gradients come whole.
    """

    def __init__(self, outputs: Tensor, leaves: Parameters, others: list[Tensor]):
        graph = graph_of(outputs)
        by_table, by_name = lookups(graph), products(graph, leaves, others)
        self.outputs, self.looked_up = outputs, set(by_table)
        self.whole = {name: leaves[name] for name, groups in by_name.items() if not groups}
        self.reached = set(by_name)
        self._groups = [*by_table.values(), *(group for groups in by_name.values() for group in groups)]
        self._inputs = [*self.whole.values(), *others]

    def backward(self, cotangent: Tensor, gram: Gram, *, keep: bool = False) -> None:
        """Give the Gram matrix the gradients of <cotangent, outputs>; cotangent is Float[Tensor, "points d"].

        keep: the tape is needed again.
        """
        if not self.outputs.requires_grad:
            return
        arrivals = [_Arrivals(group, gram) for group in self._groups]
        handles = [leaf.register_hook(partial(_received, gram)) for leaf in self.whole.values()]
        handles += [handle for group in arrivals for handle in group.hooks()]
        try:
            with SharedWeights():
                torch.autograd.grad(self.outputs, self._inputs, cotangent, retain_graph=keep, allow_unused=True)
            for group in arrivals:
                group.finish()
        finally:
            for handle in handles:
                handle.remove()


class _Arrivals:
    """The factors of one block of elements, given to the Gram matrix when those of all its uses are there."""

    def __init__(self, uses: list[Use], gram: Gram):
        self.uses, self.gram, self.factors = uses, gram, []

    def hooks(self) -> Iterator[RemovableHandle]:
        for use in self.uses:
            yield use.node.register_prehook(partial(self._arrive, use))

    def finish(self) -> None:
        """Also where some use had no part in the output."""
        if self.factors:
            a, delta = (
                torch.cat(sides, dim=1) if len(sides) > 1 else sides[0] for sides in zip(*self.factors, strict=True)
            )
            (self.gram.add_factors if a.is_floating_point() else self.gram.add_lookups)(a, delta)
            self.factors.clear()

    def _arrive(self, use: Use, gradients: tuple[Tensor | None, ...]) -> None:
        if gradients[0] is not None:
            self.factors.append(use.factors(gradients[0].detach()))
            if len(self.factors) == len(self.uses):
                self.finish()


def _received(gram: Gram, gradient: Tensor) -> Tensor:
    """Nobody else reads the gradient: zeros without memory take its place."""
    gram.add_gradient(gradient)
    return gradient.new_zeros(()).expand_as(gradient)


def _copied(value: Tensor, points: int) -> Tensor:
    return value.detach().expand(points, *value.shape).requires_grad_()
