"""Weight averaging: the mean of all task vectors, so that alpha 1 is the mean of the fine-tuned weights
(Wortsman et al. 2022, Model soups).
"""

from __future__ import annotations

from collections.abc import Mapping

from lib.editing.merging.interface import Statistics
from lib.editing.task_vector import TaskVector


def merge(taus: Mapping[str, TaskVector], statistics: Statistics, settings: Mapping[str, object]) -> TaskVector:
    """(1 / T) sum_t tau_t of T task vectors."""
    return sum(taus.values()) / len(taus)
