"""The learning rate: linear warm-up per step, then a cosine to zero (Ortiz-Jimenez et al. 2023, App. A)."""

from __future__ import annotations

import math


def learning_rate(step: int, *, peak: float, warmup: int, steps: int) -> float:
    """The rate of step 0, ..., steps - 1: peak (step + 1) / warmup during warm-up, then half a cosine down to 0."""
    if step < warmup:
        return peak * (step + 1) / warmup
    return 0.5 * peak * (1 + math.cos(math.pi * (step - warmup) / max(1, steps - warmup)))
