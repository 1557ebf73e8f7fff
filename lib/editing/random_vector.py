"""A random vector as long as a task vector in every tensor: a control of negation (Ilharco et al. 2023, Sec. 3)."""

from __future__ import annotations

import numpy as np
import torch

from lib.draws import number_of
from lib.editing.task_vector import TaskVector


def random_vector(tau: TaskVector, *, seed: int, run: int, task: str) -> TaskVector:
    """v with v_p = |tau_p| g_p / |g_p| for every tensor p, g_p standard normal, of tau's shape, precision and device.

    Each g_p depends on (seed, run, task, name of p) and its shape alone; run: the seed of the fine-tuning run. Tensors
    that are zero stay zero.

    ASSUME: the norm is matched tensor by tensor; the paper says "layer" and leaves open what one is.
    """
    key = [seed, run, number_of(task)]
    return TaskVector({name: _scaled(value, [*key, number_of(name)]) for name, value in tau.items()})


def _scaled(like: torch.Tensor, key: list[int]) -> torch.Tensor:
    """A normal draw with the norm of `like`; norms in float64, so that large tensors lose none of it."""
    drawn = np.random.default_rng(key).standard_normal(like.shape, dtype=np.float32)
    scale = like.double().norm().item() / max(np.linalg.norm(drawn.ravel().astype(np.float64)), np.finfo(float).tiny)
    return torch.as_tensor(drawn * np.float32(scale)).to(like)
