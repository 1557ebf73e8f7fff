"""Torch's deterministic algorithms, where a run asks for them: the same bits on each GPU of one kind, at some cost."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager

import torch


@contextmanager
def deterministic(wanted: bool) -> Iterator[None]:
    """Inside the block torch takes deterministic algorithms alone, and raises RuntimeError where it has none.

    wanted: False changes nothing. On a CPU the operations in use are deterministic in any case. cuBLAS reads its
    variable when it is first called, so the block has to enclose all products of the process.
    """
    if not wanted:
        yield
        return
    os.environ.setdefault("CUBLAS_WORKSPACE_CONFIG", ":4096:8")
    before = torch.are_deterministic_algorithms_enabled()
    torch.use_deterministic_algorithms(True)
    try:
        yield
    finally:
        torch.use_deterministic_algorithms(before)
