"""The number of threads of torch's operations: it decides in which order they sum, and so the last bits of results."""

from __future__ import annotations

import torch


def use_threads(count: int) -> None:
    """Let torch use that many threads inside an operation, in this process."""
    torch.set_num_threads(count)
