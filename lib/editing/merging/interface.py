"""What a merging rule is given and what it returns."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from lib.editing.task_vector import TaskVector

Statistics = Mapping[str, Mapping[str, Path]]  # kind of file -> task -> path, of the kinds that the rule declares


@dataclass(frozen=True)
class Coefficients:
    """A merged model as coefficients of the task vectors, theta_0 + alpha sum_t c_t tau_t; by task."""

    by_task: Mapping[str, float]


# merge(taus: Mapping[str, TaskVector], statistics: Statistics, settings: Mapping) -> Merged: the edited model is
# theta_0 + alpha times the result, for each alpha of the rule's grid
Merged = TaskVector | Coefficients
