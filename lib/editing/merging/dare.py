"""DARE: drop entries of each vector at random, rescale the rest, add
(Yu et al. 2024, Language Models are Super Mario).
"""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
import torch
from torch import Tensor

from lib.draws import number_of
from lib.editing.merging.interface import Statistics
from lib.editing.merging.matrices import is_matrix
from lib.editing.task_vector import TaskVector


def merge(taus: Mapping[str, TaskVector], statistics: Statistics, settings: Mapping[str, object]) -> TaskVector:
    """sum_t tau~_t, tau~_t as in `dropped`, with the settings `drop` and `seed`."""
    return sum(dropped(tau, task, drop=settings["drop"], seed=settings["seed"]) for task, tau in taus.items())


def dropped(tau: TaskVector, task: str, *, drop: float, seed: int) -> TaskVector:
    """m tau / (1 - p) entry by entry, with m = 0 with probability p = `drop`, in [0, 1), else 1; its mean is tau.

    Each tensor's m depends on (seed, task, name) and its shape alone, so a further task changes no other's draw.

    ASSUME: matrices are dropped from, as its authors' code does with linear weights; other tensors stay whole.
    """
    return TaskVector(
        {
            name: value * _kept(value, drop, [seed, number_of(task), number_of(name)]) / (1 - drop)
            if is_matrix(value)
            else value
            for name, value in tau.items()
        }
    )


def _kept(like: Tensor, drop: float, key: list[int]) -> Tensor:
    drawn = np.random.default_rng(key).random(like.shape, dtype=np.float32) >= drop
    return torch.from_numpy(drawn).to(like.device)
