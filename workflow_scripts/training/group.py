"""The processes that train one model together: sums of gradients over them, and what they agree on."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass


@dataclass(frozen=True)
class Group:
    """This process's place among `world` that train together."""

    rank: int = 0
    world: int = 1

    @property
    def leads(self) -> bool:
        """Whether this is the one process that writes."""
        return self.rank == 0

    def all_reduce(self, tensor) -> None:
        """Sum a tensor in place over all processes."""
        if self.world > 1:
            import torch.distributed

            torch.distributed.all_reduce(tensor)

    def any(self, condition: Callable[[], bool], device: str) -> Callable[[], bool]:
        """A condition that is true in all processes if it is in one; all must ask at the same time."""
        if self.world == 1:
            return condition

        def agreed() -> bool:
            import torch

            votes = torch.tensor(float(condition()), device=device)
            self.all_reduce(votes)
            return bool(votes)

        return agreed


@contextmanager
def group() -> Iterator[Group]:
    """The group that torchrun started this process in, or a group of one. Call after the device is chosen."""
    if "WORLD_SIZE" not in os.environ:
        yield Group()
        return
    import torch.distributed

    backend = "nccl" if torch.cuda.is_available() else "gloo"
    torch.distributed.init_process_group(backend)
    try:
        yield Group(torch.distributed.get_rank(), torch.distributed.get_world_size())
    finally:
        torch.distributed.destroy_process_group()
