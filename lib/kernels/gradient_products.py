"""Inner products of the gradients of any f(theta, x) between points, within a stated memory.

Points are taken in tiles, some rows and some columns: one forward pass over both, and for each output one backward
pass, in which the gradients of each parameter become a Gram matrix as soon as they are there and are let go. What is
held at a time is the tape of a tile's points and the gradients of one parameter, never a Jacobian.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Iterator, Sequence
from dataclasses import dataclass

import torch
from torch import Tensor

from lib.kernels.gram import PLAIN, TRANSFORMS, Gram, Pairing
from lib.kernels.memory import block_bytes, layout_of
from lib.kernels.tape import Copies, Tape
from lib.kernels.tiles import Tile, symmetric_tiles, tiles
from lib.models.linearize import Function, Parameters

OUTPUTS = ("each", "pairs", "sum")
Inputs = Tensor | tuple[Tensor, ...]


def gradient_products(
    f: Function,
    theta: Parameters,
    x: Inputs,
    x_other: Inputs | None = None,
    *,
    pairings: Sequence[Pairing] = (PLAIN,),
    outputs: str = "each",
    trained: Collection[str] | None = None,
    memory_mib: float = 2048,
    vectorize: bool = True,
    progress: Callable[[Iterable], Iterable] = iter,
) -> Tensor:
    """For each pairing (left, right): K_cc'(x, x') = sum over parameters of left(grad f_c(x)) right(grad f_c'(x')).

    f: (theta, *inputs) -> Float[Tensor, "n d"] (or "n"), without chance, and each point's output a function of that
    point alone. x: n points, a tensor or a tuple of tensors with a row a point; x_other: m points, None for the same.
    pairings: words of `lib.kernels.gram.TRANSFORMS`. outputs: "each" gives c' = c, Float64[Tensor, "p d n m"]; "pairs"
    Float64[Tensor, "p d d n m"]; "sum" the sum over c' = c, Float64[Tensor, "p n m"]. trained: the parameters' names,
    None for all. memory_mib: what may be held beside theta, the points and the result. vectorize: False for an f that
    torch.func.vmap does not run; slower, and every gradient is made.

    Raises ValueError for unknown words and names, for no point, and if the memory does not hold two points.
    """
    trained = list(theta) if trained is None else list(trained)
    left = _tuple(x)
    right = left if x_other is None else _tuple(x_other)
    _require_known(theta, trained, pairings, outputs, left, right)
    copies, layout = layout_of(Copies(f, theta, trained, vectorize), left)
    transformed = any(pairing != PLAIN for pairing in pairings)  # then both sides of a block have a copy
    points = layout.points(memory_mib, blocks=3 if transformed else 1)
    work = _Work(copies, left, right, list(pairings), outputs, layout.outputs, block_bytes(memory_mib))
    n, m = work.size(left), work.size(right)
    kernel = torch.zeros(work.blocks, len(pairings), n, m, dtype=torch.float64, device=left[0].device)
    for tile in progress(tiles(n, m, points) if x_other is not None else symmetric_tiles(n, points)):
        work.fill(kernel, tile)
    return work.shaped(kernel)


@dataclass(frozen=True)
class _Work:
    """With outputs "pairs", each output of a point has a row of its own; else each has a pass, or a part in the sum."""

    copies: Copies
    left: tuple[Tensor, ...]
    right: tuple[Tensor, ...]
    pairings: list[Pairing]
    outputs: str
    d: int
    block_bytes: int

    @property
    def rows_a_point(self) -> int:
        return self.d if self.outputs == "pairs" else 1

    @property
    def blocks(self) -> int:
        return self.d if self.outputs == "each" else 1

    def size(self, inputs: tuple[Tensor, ...]) -> int:
        return len(inputs[0]) * self.rows_a_point

    def fill(self, kernel: Tensor, tile: Tile) -> None:
        """Write a tile, and what it gives beside itself."""
        tape, rows = self._record(tile)
        height, total = tile.rows[1] - tile.rows[0], len(rows)
        whole = tile.whole or (tile.mirrored and any(a != b for a, b in self.pairings))
        spans = ((0, total), (0, total)) if whole else ((0, height), (height, total))
        above, beside = (rows[slice(*span)].to(kernel.device) for span in spans)
        grams = [
            Gram(*spans, self.pairings, block_bytes=self.block_bytes, device=kernel.device) for _ in range(self.blocks)
        ]
        for index, cotangent in enumerate(cotangents := list(self._cotangents(rows))):
            tape.backward(cotangent.to(tape.outputs), grams[index % len(grams)], keep=index < len(cotangents) - 1)
        for block, gram in zip(kernel, grams, strict=True):
            block[:, above[:, None], beside] = gram.total
            if tile.mirrored and not whole:
                block[:, beside[:, None], above] = gram.total.mT

    def _record(self, tile: Tile) -> tuple[Tape, Tensor]:
        """The tape of a tile's rows and columns, and their places in the matrix."""
        places = [torch.arange(*part) for part in tile.ranges]
        sides = zip(places, (self.left, self.right), strict=False)
        chosen = [[x[(place // self.rows_a_point).to(x.device)] for x in inputs] for place, inputs in sides]
        return self.copies.record(tuple(torch.cat(parts) for parts in zip(*chosen, strict=True))), torch.cat(places)

    def _cotangents(self, rows: Tensor) -> Iterator[Tensor]:
        """Float[Tensor, "points d"], one for each pass: which output of each row is differentiated."""
        if self.outputs == "pairs":
            yield torch.nn.functional.one_hot(rows % self.d, self.d)
        else:
            yield from torch.eye(self.d)[:, None].expand(-1, len(rows), -1)

    def shaped(self, kernel: Tensor) -> Tensor:
        """The matrix as `gradient_products` gives it, made symmetric to the bit where it is so by its definition."""
        kernel = kernel.transpose(0, 1)
        if self.left is self.right:
            for matrix, (a, b) in zip(kernel, self.pairings, strict=True):
                if a == b:
                    matrix.copy_((matrix + matrix.mT) / 2)
        if self.outputs == "pairs":
            d = self.d
            return kernel[:, 0].unflatten(2, (-1, d)).unflatten(1, (-1, d)).permute(0, 2, 4, 1, 3).contiguous()
        return kernel.contiguous() if self.outputs == "each" else kernel[:, 0].contiguous()


def _tuple(inputs: Inputs) -> tuple[Tensor, ...]:
    return (inputs,) if isinstance(inputs, Tensor) else tuple(inputs)


def _require_known(theta, trained, pairings, outputs, left, right) -> None:
    words = {word for pairing in pairings for word in pairing}
    if outputs not in OUTPUTS or not words or not words <= TRANSFORMS.keys():
        raise ValueError(
            f"outputs {outputs!r} and pairings {list(pairings)}: expected one of {', '.join(OUTPUTS)}, and pairs of "
            f"{', '.join(TRANSFORMS)}"
        )
    if unknown := [name for name in trained if name not in theta]:
        raise ValueError(f"trained names {unknown[:3]}, which theta does not have: its names begin {list(theta)[:3]}")
    if not trained or not all(theta[name].is_floating_point() for name in trained):
        raise ValueError("trained has to name floating-point parameters, one at least; name them without the buffers")
    if len({len(x) for x in left}) != 1 or len({len(x) for x in right}) != 1 or not len(left[0]) or not len(right[0]):
        raise ValueError("each side needs one point at least, and inputs of as many rows: correct x or x_other")
