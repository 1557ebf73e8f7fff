"""Fisher merging (Matena and Raffel 2022): the mean of all task vectors, weighted by each task's Fisher information.

ASSUME: the Fisher information of each task is scaled to norm 1 over all parameters, so that no task outweighs others by
the size of its gradients alone.
"""

from __future__ import annotations

from collections.abc import Mapping

import torch

from lib.editing.merging.interface import Statistics
from lib.editing.task_vector import TaskVector
from lib.files import checkpoints


def merge(taus: Mapping[str, TaskVector], statistics: Statistics, settings: Mapping[str, object]) -> TaskVector:
    """sum_t F_t tau_t / sum_t F_t by element, the mean where no task has any; theta_0 drops out.

    statistics["fisher"]: of each task the diagonal of its Fisher information (`lib.kernels.moments.fisher`), in a file.
    Raises ValueError for a Fisher information that is zero everywhere.
    """
    weighted: dict[str, torch.Tensor] = {}
    total: dict[str, torch.Tensor] = {}
    for task, tau in taus.items():
        fisher = TaskVector(checkpoints.load(statistics["fisher"][task]))
        norm = fisher.norm()
        if norm == 0:
            raise ValueError(
                f"{task}: the Fisher information is zero in every element, expected gradients; likely cause: weights "
                "that overflow; look at the training log"
            )
        for name, value in tau.items():
            weight = (fisher[name].to(value.device).double() / norm).clamp_min(0)
            weighted[name] = weighted.get(name, 0) + weight * value
            total[name] = total.get(name, 0) + weight
    mean = sum(taus.values()) / len(taus)
    return TaskVector(
        {
            name: torch.where(total[name] > 0, weighted[name] / total[name], value.double()).to(value.dtype)
            for name, value in mean.items()
        }
    )
