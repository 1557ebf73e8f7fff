"""Task vectors of subsets of the tasks, added (Ilharco et al. 2023, Sec. 4): which subsets, as which edited models, and
the choice of alpha for each.

ASSUME: of a subset S the model is theta_0 + alpha sum_{t in S} tau_t, with an alpha of its own, chosen on validation by
the mean normalized accuracy over the tasks of S; the paper's text, as quoted by others, leaves open whether the tasks
outside S take part in that choice.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import combinations
from math import comb

from lib.editing.coefficients import Choice, choose_addition, normalized_accuracy
from lib.editing.task_vector import TaskVector

Subset = tuple[str, ...]  # names of tasks, in the order of the run's
COMPLETE = (1, 2)  # sizes of which a sample has every subset, beside the set of all tasks
SEPARATOR = "+"  # of names, in which it does not occur


def every_subset(tasks: Sequence[str]) -> list[Subset]:
    """All 2^T - 1 subsets of T tasks but the empty one, by size."""
    return [subset for size in range(1, len(tasks) + 1) for subset in combinations(tasks, size)]


def sampled_subsets(tasks: Sequence[str], *, sampled: int, seed: int) -> list[Subset]:
    """Every task, every pair, the set of all tasks, and `sampled` subsets of each other size, or all if it has fewer.

    Drawn by digests of the seed and of the names: another order of the tasks gives the same sample, a larger sample
    contains a smaller one, and what is drawn of one size does not depend on the others.
    """
    found = []
    for size in range(1, len(tasks) + 1):
        listed = list(combinations(tasks, size))
        kept = set(listed if size in COMPLETE else sorted(listed, key=lambda subset: _rank(subset, seed))[:sampled])
        found += [subset for subset in listed if subset in kept]
    return found


def listed(tasks: Sequence[str], sample: Mapping[str, int] | None) -> list[Subset]:
    """Every subset, or those of a sample (its `sampled` and `seed`)."""
    return every_subset(tasks) if sample is None else sampled_subsets(tasks, **sample)


def counts(tasks: int, sampled: int | None = None) -> dict[int, int]:
    """Size -> number of subsets of so many tasks: of all of them, or of those of a sample."""
    every = {size: comb(tasks, size) for size in range(1, tasks + 1)}
    if sampled is None:
        return every
    return {size: count if size in COMPLETE else min(sampled, count) for size, count in every.items()}


def joined(subset: Subset) -> str:
    """The name of a subset: its tasks, joined by +."""
    return SEPARATOR.join(subset)


@dataclass(frozen=True)
class Edits:
    """Edited models that are evaluated together: theta_0 + alpha sum_j units[s][j] vectors[j] for each subset s."""

    vectors: Sequence[TaskVector]
    subsets: Sequence[Subset]
    units: Sequence[Sequence[float]]

    def rows(self, alphas: Sequence[Sequence[float]]) -> list[list[float]]:
        """Coefficients of the vectors: for each subset, a row for each of its alphas."""
        of_subsets = zip(self.units, alphas, strict=True)
        return [[alpha * unit for unit in units] for units, own in of_subsets for alpha in own]

    def containing(self, task: str) -> Edits:
        """Those of the subsets that have this task."""
        kept = [i for i, subset in enumerate(self.subsets) if task in subset]
        return Edits(self.vectors, [self.subsets[i] for i in kept], [self.units[i] for i in kept])


def together(taus: Mapping[str, TaskVector], subsets: Sequence[Subset]) -> Iterator[Edits]:
    """All subsets at once, as coefficients of all task vectors: for tangent models, to which they cost one pass."""
    yield Edits(list(taus.values()), subsets, [[float(task in subset) for task in taus] for subset in subsets])


def one_by_one(taus: Mapping[str, TaskVector], subsets: Sequence[Subset]) -> Iterator[Edits]:
    """Each subset alone, as the sum of its task vectors: for models that take a pass for each row anyway."""
    for subset in subsets:
        yield Edits([sum(taus[task] for task in subset)], [subset], [[1.0]])


def choose(alphas: Sequence[float], sweep: Mapping[str, Sequence[float]], single_task: Mapping[str, float]) -> Choice:
    """The alpha of a subset, by the mean normalized validation accuracy over its own tasks; ties go to the smallest.

    sweep: task -> accuracy at each alpha; single_task: of the tasks' own models. Raises as `choose_addition` and
    `normalized_accuracy` do.
    """
    scores = [
        normalized_accuracy({task: accuracies[i] for task, accuracies in sweep.items()}, single_task)
        for i in range(len(alphas))
    ]
    return choose_addition(alphas, scores)


def _rank(subset: Subset, seed: int) -> str:
    return hashlib.sha256(f"{seed} {joined(tuple(sorted(subset)))}".encode()).hexdigest()
