"""Breadcrumbs: of each row, leave out the largest entries and the many small ones, then add
(Davari and Belilovsky 2024, Model Breadcrumbs).
"""

from __future__ import annotations

from collections.abc import Mapping

import torch
from torch import Tensor

from lib.editing.merging.interface import Statistics
from lib.editing.task_vector import TaskVector


def merge(taus: Mapping[str, TaskVector], statistics: Statistics, settings: Mapping[str, object]) -> TaskVector:
    """sum_t of the vectors with the entries that `_middle` keeps, with the settings `drop_top` and `keep`.

    DEVIATES: a row along the last axis counts, as in its authors' code; their paper says "layer".
    """
    return sum(
        TaskVector({name: _middle(value, settings["drop_top"], settings["keep"]) for name, value in tau.items()})
        for tau in taus.values()
    )


def _middle(tensor: Tensor, drop_top: float, keep: float) -> Tensor:
    """A tensor without, in each row of n entries, its n * drop_top largest in magnitude, and with the n * keep largest
    of the others; both numbers rounded down, as in its authors' code.
    """
    if tensor.ndim == 0:
        return tensor
    n = tensor.shape[-1]
    first = int(n * drop_top)
    order = tensor.abs().argsort(dim=-1, descending=True, stable=True)[..., first : first + int(n * keep)]
    return torch.zeros_like(tensor).scatter(-1, order, tensor.gather(-1, order))
