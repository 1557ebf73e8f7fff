"""Task vectors with coefficients that were learned on images (`lib.editing.learned_coefficients`)."""

from __future__ import annotations

from collections.abc import Mapping

from lib.editing.merging.interface import Coefficients, Merged, Statistics
from lib.editing.task_vector import TaskVector
from lib.files.own_files import OwnFileError, read_json


def merge(taus: Mapping[str, TaskVector], statistics: Statistics, settings: Mapping[str, object]) -> Merged:
    """Coefficients a_t where one was learned for each vector, else sum_t a_{t,p} tau_{t,p}, a vector at a time.

    statistics["coefficients"]: for every task the file that holds the coefficients of all. Raises OwnFileError for a
    file of other tasks or tensors.
    """
    path = next(iter(statistics["coefficients"].values()))
    learned = read_json(path, ("coefficients",))["coefficients"]
    if set(learned) != set(taus):
        raise OwnFileError(path, got=f"coefficients of {sorted(learned)}", expected=f"of {sorted(taus)}")
    if all(isinstance(value, float) for value in learned.values()):
        return Coefficients({task: learned[task] for task in taus})
    total: dict[str, object] = {}
    for task, tau in taus.items():
        if set(learned[task]) != set(tau):
            raise OwnFileError(path, got=f"coefficients of other tensors for {task}", expected="those of its vector")
        for name, value in tau.items():
            part = learned[task][name] * value
            total[name] = total[name] + part if name in total else part
    return TaskVector(total)
