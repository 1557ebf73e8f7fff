"""DARE, then TIES in the place of the sum (Yu et al. 2024, Language Models are Super Mario; Yadav et al. 2023)."""

from __future__ import annotations

from collections.abc import Mapping

from lib.editing.merging.dare import dropped
from lib.editing.merging.interface import Statistics
from lib.editing.merging.ties import merge_trimmed
from lib.editing.task_vector import TaskVector


def merge(taus: Mapping[str, TaskVector], statistics: Statistics, settings: Mapping[str, object]) -> TaskVector:
    """TIES of the vectors that `dropped` leaves, with the settings `drop` and `seed` of DARE, `density` of TIES."""

    def read(task: str) -> TaskVector:
        return dropped(taus[task], task, drop=settings["drop"], seed=settings["seed"])

    return merge_trimmed(list(taus), read, density=settings["density"])
