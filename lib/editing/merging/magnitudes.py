"""The k-th largest magnitude among the entries of many tensors, exact, without putting them into one."""

from __future__ import annotations

from collections.abc import Collection

import torch
from torch import Tensor

_BITS = 16  # of a float's pattern in one pass; 2^16 counts are kept
_PATTERNS = {torch.float32: torch.int32, torch.float64: torch.int64}


def kth_largest_magnitude(tensors: Collection[Tensor], k: int) -> float:
    """The k-th largest |x| over all entries of all tensors, k from 1; all of them float32, or all float64.

    Floats of one sign are ordered as their patterns read as integers. So a histogram of the first bits finds where the
    k-th lies, one of the next bits within that bin says where in it, and so on to the last bit.

    Raises ValueError unless there are k entries.
    """
    entries = sum(tensor.numel() for tensor in tensors)
    if not 1 <= k <= entries:
        raise ValueError(f"magnitude of rank {k} of {entries} entries; ask for a rank from 1 to {entries}")
    (dtype,) = {tensor.dtype for tensor in tensors}
    prefix = 0
    for shift in range(torch.finfo(dtype).bits - _BITS, -1, -_BITS):
        reached = sum(_histogram(tensor, prefix, shift) for tensor in tensors).flip(0).cumsum(0)
        below = int((reached < k).sum())  # bins from the largest on that do not reach the k-th
        k -= int(reached[below - 1]) if below else 0
        prefix = prefix << _BITS | len(reached) - 1 - below
    return torch.tensor(prefix, dtype=_PATTERNS[dtype]).view(dtype).item()


def _histogram(tensor: Tensor, prefix: int, shift: int) -> Tensor:
    """Counts Int64[2^16] of the bits from `shift` on, of the entries whose bits before these are `prefix`."""
    patterns = tensor.abs().flatten().view(_PATTERNS[tensor.dtype])
    inside = patterns[patterns >> shift >> _BITS == prefix]
    return (inside >> shift & (1 << _BITS) - 1).bincount(minlength=1 << _BITS)
