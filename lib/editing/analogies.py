"""Task analogies, "a is to b as c is to d": the task vector of d from those of a, b and c.

Ilharco et al. 2023, Sec. 5.
"""

from __future__ import annotations

from lib.editing.task_vector import TaskVector


def analogy(a: TaskVector, b: TaskVector, c: TaskVector) -> TaskVector:
    """tau_d ~ tau_c + (tau_b - tau_a). Raises ParameterMismatch if names or shapes differ."""
    return c + (b - a)
