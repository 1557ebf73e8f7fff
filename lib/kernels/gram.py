"""Gram matrices of per-sample gradients that come one parameter at a time, whole or in factors.

The gradient of a weight that T tokens meet is G = sum_t delta_t a_t^T, with a the activations before it and delta the
gradient of what comes out of it. The inner product of two samples' is that of explicit gradients, or

    <G, G'> = sum_{t, t'} (delta_t . delta'_t') (a_t . a'_t')

which makes no gradient (Novak et al. 2022, "Fast Finite Width Neural Tangent Kernel", Sec. 3). FLOPs decide.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence

import torch
from torch import Tensor

TRANSFORMS = {"gradient": lambda gradient: gradient, "sign": torch.sign}
Pairing = tuple[str, str]
PLAIN: Pairing = ("gradient", "gradient")
NO_TOKEN = -1  # a lookup that has no gradient
_STRIPS, _LEAST_TOKENS = 8, 512  # strips of a symmetric matrix; the tokens that each has at least


class Gram:
    """total[p, i, j] = sum over parameters of left_p(g_i) . right_p(g_j), for each pairing p = (left, right).

    rows, columns: the range (start, stop) of i and of j among the samples that gradients are given of. pairings: names
    of TRANSFORMS. block_bytes: the size of the blocks that explicit gradients are made in. total is Float64.
    """

    def __init__(
        self,
        rows: tuple[int, int],
        columns: tuple[int, int],
        pairings: Sequence[Pairing] = (PLAIN,),
        *,
        block_bytes: int = 2**26,
        device: torch.device | str = "cpu",
    ):
        self.rows, self.columns = slice(*rows), slice(*columns)
        self.pairings, self.block_bytes = list(pairings), block_bytes
        shape = (len(self.pairings), rows[1] - rows[0], columns[1] - columns[0])
        self.total = torch.zeros(shape, dtype=torch.float64, device=device)

    def add_gradient(self, gradient: Tensor) -> None:
        """Add one parameter's gradients, Float[Tensor, "samples ..."]; the order of its elements does not matter."""
        flat = _flat_without_copy(gradient)
        for block in flat.split(self._block(flat.element_size() * len(flat)), dim=1):
            left, right = block[self.rows], block[self.columns]
            for total, (a, b) in zip(self.total, self.pairings, strict=True):
                total += TRANSFORMS[a](left) @ TRANSFORMS[b](right).mT

    def add_factors(self, a: Tensor, delta: Tensor) -> None:
        """Add one weight's gradients, given a, Float[Tensor, "samples T in"], and delta, "samples T out"."""
        if self.contracts(a, delta):
            self._contract(delta, lambda rows, columns: a[rows].flatten(0, 1) @ a[columns].flatten(0, 1).mT)
            return
        samples, _, inputs = a.shape
        size = min(self._block(samples * inputs * a.element_size()), delta.shape[2])
        buffer = a.new_empty(samples * size * inputs)
        for part in delta.split(size, dim=2):
            gradient = buffer[: samples * part.shape[2] * inputs].view(samples, part.shape[2], inputs)
            self.add_gradient(torch.bmm(part.mT, a, out=gradient))

    def add_lookups(self, tokens: Tensor, delta: Tensor) -> None:
        """Add one table's gradients, given tokens, Int[Tensor, "samples T"], and delta, "samples T width".

        a is one_hot(token): a . a' says whether two tokens are the same. NO_TOKEN has no row.
        """
        if set(self.pairings) == {PLAIN}:
            self._contract(delta, lambda rows, columns: _same(tokens[rows].flatten(), tokens[columns].flatten()))
            return
        met, row = torch.unique(tokens, return_inverse=True)
        delta = delta.masked_fill((tokens == NO_TOKEN)[..., None], 0)
        for part in delta.split(self._block(len(tokens) * len(met) * delta.element_size()), dim=2):
            gradient = part.new_zeros(len(tokens), len(met), part.shape[2])
            self.add_gradient(gradient.scatter_add_(1, row[..., None].expand_as(part), part))

    def contracts(self, a: Tensor, delta: Tensor) -> bool:
        """Whether the contraction serves all pairings and takes fewer products than explicit gradients."""
        (samples, tokens, inputs), outputs = a.shape, delta.shape[2]
        pairs = self.total[0].numel()
        explicit = (samples * tokens + pairs) * inputs * outputs
        contracted = pairs * (_STRIPS + 1) / (2 * _STRIPS) if self.rows == self.columns else pairs
        return set(self.pairings) == {PLAIN} and contracted * tokens**2 * (inputs + outputs) < explicit

    def _contract(self, delta: Tensor, similarity: Callable[[slice, slice], Tensor]) -> None:
        """similarity: of all tokens of some rows with all tokens of some columns, a . a'.

        Of samples with themselves, what lies below the diagonal is mirrored.
        """
        tokens, same = delta.shape[1], self.rows == self.columns
        side = max(1, int((self.block_bytes / (2 * delta.element_size())) ** 0.5 / tokens))
        if same:
            side = min(side, max(-(-len(self.total[0]) // _STRIPS), -(-_LEAST_TOKENS // tokens)))
        for rows in _parts(self.rows, side):
            for columns in _parts(slice(rows.start, self.rows.stop) if same else self.columns, side):
                products = delta[rows].flatten(0, 1) @ delta[columns].flatten(0, 1).mT
                products *= similarity(rows, columns)
                sums = products.view(-1, tokens, columns.stop - columns.start, tokens).sum((1, 3))
                above, beside = _since(rows, self.rows), _since(columns, self.columns)
                self.total[:, above, beside] += sums
                if same and rows != columns:
                    self.total[:, beside, above] += sums.mT

    def _block(self, bytes_each: int) -> int:
        return max(1, self.block_bytes // max(1, bytes_each))


def _parts(whole: slice, size: int) -> Iterator[slice]:
    for start in range(whole.start, whole.stop, size):
        yield slice(start, min(start + size, whole.stop))


def _since(part: slice, whole: slice) -> slice:
    return slice(part.start - whole.start, part.stop - whole.start)


def _same(tokens: Tensor, others: Tensor) -> Tensor:
    return (tokens[:, None] == others) & (tokens != NO_TOKEN)[:, None]


def _flat_without_copy(gradient: Tensor) -> Tensor:
    """Float[Tensor, "samples p"], the elements as they lie in memory where they lie densely."""
    order = sorted(range(1, gradient.ndim), key=gradient.stride, reverse=True)
    return gradient.permute(0, *order).flatten(1) if order else gradient[:, None]
