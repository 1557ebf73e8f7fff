"""WUDI as its authors run it: a few steps of Adam from the sum
(Cheng et al. 2025, Whoever Started the Interference Should End It).
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import torch
from torch import Tensor

from lib.editing.merging.interface import Statistics
from lib.editing.merging.matrices import merge_matrices
from lib.editing.merging.wudi import interference
from lib.editing.task_vector import TaskVector


def merge(taus: Mapping[str, TaskVector], statistics: Statistics, settings: Mapping[str, object]) -> TaskVector:
    """Adam from sum_t tau_t on the loss of `wudi.interference`, of each matrix; the mean of all other tensors.

    Settings: `steps`, `learning_rate`. An entry moves by about the learning rate in a step, so the end lies near the
    sum, far from the minimum, and depends on the vectors' scale.

    DEVIATES: which tensors are merged, as in `wudi`.
    """
    return merge_matrices(taus, lambda matrices: _descended(matrices, settings["steps"], settings["learning_rate"]))


def _descended(matrices: Sequence[Tensor], steps: int, learning_rate: float) -> Tensor:
    h, b = (value.to(matrices[0].dtype) for value in interference(matrices))
    w = torch.nn.Parameter(sum(matrices).clone())
    optimizer = torch.optim.Adam([w], lr=learning_rate)
    for _ in range(steps):
        w.grad = 2 * (w.detach() @ h - b)
        optimizer.step()
    return w.detach()
