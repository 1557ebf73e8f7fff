"""The precision of matrix products: float32, tf32 or bf16; parameters and task vectors stay in float32 in any case."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

import torch

PRECISIONS = ("float32", "tf32", "bf16")


@contextmanager
def matmul_precision(name: str, device_type: str) -> Iterator[None]:
    """Compute in float32 (exact products), tf32 or bf16 (autocast) inside the block. Raises ValueError for other names.

    device_type: "cpu" or "cuda". autocast's cache of rounded parameters is off: it lasts as long as the block, in which
    an optimizer changes parameters in place, and would go on with those of the first step.
    """
    if name not in PRECISIONS:
        raise ValueError(f"precision {name!r} is unknown; choose one of {', '.join(PRECISIONS)}")
    before = torch.get_float32_matmul_precision()
    torch.set_float32_matmul_precision("highest" if name == "float32" else "high")
    try:
        with torch.autocast(device_type, dtype=torch.bfloat16, enabled=name == "bf16", cache_enabled=False):
            yield
    finally:
        torch.set_float32_matmul_precision(before)


def exact_products(device_type: str):
    """float32 inside the block, whatever the precision around it: for products that cost little and round visibly."""
    return matmul_precision("float32", device_type)
