"""K-FAC of the generalized Gauss-Newton matrix of the squared loss, G = E_x J(x)^T J(x), of any function of parameters.

    A_l = 1/N sum_n 1/R sum_r a a^T,   a = [inputs of the layer at token r; 1]
    B_l = 1/N sum_n sum_r g g^T,       g = d<s, f(x_n)> / d(outputs of the layer at token r),   E s s^T = I
    F   = 1/N sum_n h h^T,             h = d<s, f(x_n)> / d(any other parameter), in full

(Martens and Grosse 2015; with tokens Eschenhagen et al. 2023, K-FAC-expand; Porrello et al. 2026, TAK.) Layers are
found on the tape (`lib.kernels.factored_uses`), so that any model will do.

DEVIATES: 1/R is in A alone, where the code that was released with TAK has it in both factors, which makes lambda depend
on the number of tokens. `lib.training.objectives.tak` takes their scaling on request.
DEVIATES: tokens that no output depends on, all but the class token in the last block, are left out. Queries of that
block are there for the class token alone, and count as zero elsewhere, so that W_q, W_k and W_v stay one layer.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from functools import partial

import torch
import torch.nn.functional as F
from torch import Tensor

from lib.kernels.factored_uses import Product
from lib.kernels.recorded import record
from lib.models.linearize import Function, Parameters
from lib.training.curvature import Curvature, Layer

Received = dict[Product, tuple[Tensor, Tensor]]  # inputs and gradients of outputs of each product


def curvature(
    f: Function,
    theta: Parameters,
    batches: Iterable[Tensor],
    *,
    trained: Collection[str],
    samples: int | None = 1,
    seed: int = 0,
    size: int | None = None,
) -> Curvature:
    """The factors of f at theta over all points.

    f: (theta, x) -> Float[Tensor, "n d"], each output a function of its own point; runs under torch.func.vmap. batches:
    of points x; all of a batch lie on the tape at once. trained: the names of G's parameters. samples: random s of each
    point, s ~ N(0, I); None takes the d unit vectors in their place, which makes B and F exact. size: of the task, the
    number of points if None.

    Raises ValueError for no point, and for a matrix among the trained that is used otherwise than by products.
    """
    sums = _Sums(trained)
    generator = torch.Generator().manual_seed(seed)
    for x in batches:
        sums.add(f, theta, x, partial(_cotangents, samples, generator))
    return sums.curvature(size)


def _cotangents(samples: int | None, generator: torch.Generator, outputs: Tensor) -> Iterator[tuple[Tensor, float]]:
    """(s of each point, Float[Tensor, "points d"], its weight)."""
    points, d = outputs.shape
    if samples is None:
        for unit in torch.eye(d, dtype=outputs.dtype, device=outputs.device):
            yield unit.expand(points, d), 1.0
    else:
        each = [torch.randn(samples, d, generator=generator, dtype=torch.float64) for _ in range(points)]
        yield from ((s, 1 / samples) for s in torch.stack(each).to(outputs).unbind(1))


@dataclass
class _Sums:
    """Sums over points, not yet divided by their number."""

    trained: Collection[str]
    points: int = 0
    inputs: dict[str, Tensor] = field(default_factory=dict)
    outputs: dict[str, Tensor] = field(default_factory=dict)
    blocks: dict[str, Tensor] = field(default_factory=dict)
    facts: dict[str, dict] = field(default_factory=dict)

    def add(self, f: Function, theta: Parameters, x: Tensor, cotangents: Callable) -> None:
        tape = _record(f, theta, x, self.trained)
        self.points += len(x)
        drawn = list(cotangents(tape.outputs))
        for index, (s, weight) in enumerate(drawn):
            received, whole = tape.backward(s, keep=index < len(drawn) - 1)
            for name, groups in tape.layers.items():
                self._add_layer(name, groups, received, weight, tape.bias_of(name), first=index == 0)
            for name in set(tape.whole) - {tape.bias_of(layer) for layer in tape.layers}:
                self._add_block(name, whole[name], weight)

    def _add_layer(self, name, groups, received: Received, weight: float, bias: str | None, *, first: bool) -> None:
        if not all(use in received for group in groups for use in group):
            raise ValueError(f"{name} has no part in the output: leave it out of `trained`")
        a, g, transposed = _joined(name, groups, received)
        _accumulate(self.outputs, name, weight * torch.einsum("ntp,ntq->pq", g, g))
        if first:
            a = a if bias is None else F.pad(a, (0, 1), value=1.0)
            _accumulate(self.inputs, name, torch.einsum("ntp,ntq->pq", a, a) / a.shape[1])
            self.facts[name] = {"tokens": a.shape[1], "bias": bias, "transposed": transposed}

    def _add_block(self, name: str, gradient: Tensor | None, weight: float) -> None:
        if gradient is None:
            raise ValueError(f"{name} has no part in the output: leave it out of `trained`")
        if gradient.ndim > 2:
            raise ValueError(
                f"{name} is a matrix whose gradient comes in no factors, as it meets more than matrix products: "
                "leave it out of `trained`"
            )
        _accumulate(self.blocks, name, weight * gradient.mT @ gradient)

    def curvature(self, size: int | None) -> Curvature:
        if not self.points:
            raise ValueError("curvature needs one point at least, got none")
        layers = {
            name: Layer(self.inputs[name] / self.points, self.outputs[name] / self.points, **facts)
            for name, facts in self.facts.items()
        }
        blocks = {name: self.blocks[name] / self.points for name in self.trained if name in self.blocks}
        return Curvature(layers, blocks, size or self.points)


@dataclass(frozen=True)
class _Tape:
    """outputs, Float[Tensor, "points d"]. layers: weight -> its products; whole: copies of the other parameters."""

    outputs: Tensor
    layers: Mapping[str, list[list[Product]]]
    whole: Mapping[str, Tensor]
    inputs: list[Tensor]

    def bias_of(self, weight: str) -> str | None:
        """The trained bias beside a layer's weight, by its name."""
        name = weight.removesuffix("weight") + "bias"
        return name if name in self.whole and name != weight + "bias" else None

    def backward(self, s: Tensor, *, keep: bool) -> tuple[Received, dict[str, Tensor | None]]:
        """Inputs of every product with the gradients of <s, outputs> at its outputs; those at whole parameters."""
        received: Received = {}
        uses = [use for groups in self.layers.values() for group in groups for use in group]
        handles = [use.node.register_prehook(partial(_received, received, use)) for use in uses]
        inputs = [*self.whole.values(), *self.inputs]
        try:
            gradients = torch.autograd.grad(self.outputs, inputs, s, retain_graph=keep, allow_unused=True)
        finally:
            for handle in handles:
                handle.remove()
        return received, dict(zip(self.whole, gradients, strict=False))


def _record(f: Function, theta: Parameters, x: Tensor, trained: Collection[str]) -> _Tape:
    """The outputs at these points, each with a copy of the trained parameters that takes no memory."""
    found = record(f, theta, x, trained)
    layers = {name: groups for name, groups in found.products.items() if groups and theta[name].ndim > 1}
    whole = {name: copy for name, copy in found.copies.items() if name not in layers}
    return _Tape(found.outputs, layers, whole, found.inputs)


def _received(received: Received, use: Product, gradients: tuple[Tensor | None, ...]) -> None:
    if gradients[0] is not None:
        received[use] = use.sides(gradients[0].detach())  # what the node keeps is freed after it


def _joined(name: str, groups: list[list[Product]], received: Received) -> tuple[Tensor, Tensor, bool]:
    """(inputs Float[Tensor, "points tokens in"], gradients Float[Tensor, "points tokens out"], whether W is in x out).

    Blocks of rows of one weight, in their order, are one layer. A block that sees fewer tokens sees the first ones.
    """
    parts = []
    for group in sorted(groups, key=lambda group: group[0].place[0]):
        sides = zip(*(received[use] for use in group), strict=True)
        parts.append([torch.cat(side, dim=1) for side in sides])
    transposed = groups[0][0].weight_first != groups[0][0].reordered
    longest = max((a for a, _ in parts), key=lambda a: a.shape[1])
    if len(parts) > 1 and (transposed or not all(torch.equal(a, longest[:, : a.shape[1]]) for a, _ in parts)):
        raise ValueError(f"parts of {name} meet different inputs: leave it out of `trained`")
    padded = [F.pad(g, (0, 0, 0, longest.shape[1] - g.shape[1])) for _, g in parts]
    return longest, torch.cat(padded, dim=2), transposed


def _accumulate(sums: dict[str, Tensor], name: str, value: Tensor) -> None:
    sums[name] = sums[name] + value if name in sums else value
