"""The scaling coefficient alpha: its grid, and how it is chosen on validation for addition and for negation."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np


class SweepError(ValueError):
    """A sweep that no alpha can be chosen from; the message shows it."""

    def __init__(self, what: str, alphas: Sequence[float], columns: Mapping[str, Sequence[float]], advice: str):
        rows = zip(alphas, *columns.values(), strict=True)
        cells = ((a, zip(columns, values, strict=True)) for a, *values in rows)
        lines = (f"  alpha {a:.4g}: " + ", ".join(f"{name} {value:.4f}" for name, value in row) for a, row in cells)
        super().__init__("\n".join([f"{what}:", *lines, advice]))


class NoFeasibleAlpha(SweepError):
    """No alpha keeps the control task above its floor."""


@dataclass(frozen=True)
class Choice:
    """A chosen alpha and the validation score it was chosen by (a fraction)."""

    alpha: float
    score: float


def alpha_grid(start: float, stop: float, points: int) -> list[float]:
    """`points` values from `start` to `stop`, both included: linspace, as exact as decimal text prints it."""
    return [round(float(a), 10) for a in np.linspace(start, stop, points)]


def normalized_accuracy(accuracy: Mapping[str, float], single_task: Mapping[str, float]) -> float:
    """Mean over tasks of acc_t / single-task acc_t (Ortiz-Jimenez et al. 2023, Sec. 3); both in [0, 1].

    Raises ValueError if the tasks differ, or a single-task accuracy is zero or not finite.
    """
    _require_same_tasks(accuracy, single_task)
    infinite = [f"{value} on {task}" for task, value in single_task.items() if not np.isfinite(value)]
    if infinite:
        raise ValueError(
            f"single-task accuracy is {', '.join(infinite)}, expected fractions: normalized accuracy divides by them. "
            "Delete that file of single-task accuracies and run the same command again"
        )
    zero = [task for task, value in single_task.items() if value == 0]
    if zero:
        raise ValueError(
            f"single-task accuracy is zero on {', '.join(zero)}, expected more: normalized accuracy divides by it. "
            "Look at that task's training log and number of images"
        )
    return float(np.mean([accuracy[task] / single_task[task] for task in accuracy]))


def normalized_accuracy_where_learnt(accuracy: Mapping[str, float], single_task: Mapping[str, float]) -> float:
    """`normalized_accuracy` over the tasks whose single-task accuracy is above zero; 0 if there is none.

    ASSUME: fine-tuned from random weights, a task's own model may get nothing right. Such a task has no ratio and is
    left out of the mean that alpha is chosen by; the paper does not say how it chose alpha for these models.
    """
    _require_same_tasks(accuracy, single_task)
    learnt = {task: value for task, value in single_task.items() if value != 0}
    return normalized_accuracy({task: accuracy[task] for task in learnt}, learnt) if learnt else 0.0


def choose_addition(alphas: Sequence[float], scores: Sequence[float]) -> Choice:
    """The alpha of the highest average normalized validation accuracy; ties go to the smallest alpha.

    Raises ValueError for no alpha or unequal lengths, SweepError for a value that is not finite.
    """
    _require_sweep(alphas, score=scores)
    best = max(range(len(alphas)), key=lambda i: (scores[i], -alphas[i]))
    return Choice(alphas[best], float(scores[best]))


def choose_negation(
    alphas: Sequence[float],
    target: Sequence[float],
    control: Sequence[float],
    *,
    control_pretrained: float,
    floor: float,
) -> Choice:
    """The alpha of the lowest target accuracy among those whose control accuracy is >= floor * control_pretrained.

    All accuracies are validation accuracies in [0, 1]; ties go to the smallest alpha. Raises NoFeasibleAlpha, with the
    sweep, if no alpha qualifies; SweepError and ValueError as `choose_addition`.

    DEVIATES: if no alpha qualifies, an error shows the sweep; the released code returns None.
    """
    _require_sweep(alphas, target=target, control=control, pretrained=[control_pretrained] * len(alphas))
    allowed = [i for i in range(len(alphas)) if control[i] >= floor * control_pretrained]
    if not allowed:
        raise NoFeasibleAlpha(
            f"no alpha keeps the control at {floor:.0%} of the pre-trained {control_pretrained:.4f}",
            alphas,
            {"target": target, "control": control},
            "Add smaller alphas to evaluation.alphas (0 always qualifies), or lower evaluation.control_floor.",
        )
    best = min(allowed, key=lambda i: (target[i], alphas[i]))
    return Choice(alphas[best], float(target[best]))


def _require_same_tasks(accuracy: Mapping[str, float], single_task: Mapping[str, float]) -> None:
    if accuracy.keys() != single_task.keys():
        raise ValueError(f"tasks differ: {sorted(accuracy)} against {sorted(single_task)}")


def _require_sweep(alphas: Sequence[float], **columns: Sequence[float]) -> None:
    lengths = {name: len(values) for name, values in columns.items()}
    if not len(alphas) or set(lengths.values()) != {len(alphas)}:
        raise ValueError(f"a sweep of {len(alphas)} alphas has {lengths} values, expected one for each of them")
    if not np.isfinite([*alphas, *(value for values in columns.values() for value in values)]).all():
        raise SweepError(
            "a value of the sweep is not finite",
            alphas,
            columns,
            "Likely cause: weights or a task vector that are not finite; look at the training log.",
        )
