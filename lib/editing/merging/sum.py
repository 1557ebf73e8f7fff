"""Task arithmetic: the sum of all task vectors (Ilharco et al. 2023, Sec. 4)."""

from __future__ import annotations

from collections.abc import Mapping

from lib.editing.merging.interface import Statistics
from lib.editing.task_vector import TaskVector


def merge(taus: Mapping[str, TaskVector], statistics: Statistics, settings: Mapping[str, object]) -> TaskVector:
    """sum_t tau_t."""
    return sum(taus.values())
