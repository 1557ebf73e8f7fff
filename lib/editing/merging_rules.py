"""The merging rules: in which module each is, and on which grid of alphas it is chosen.

A registry for the edge, as `lib.training.modes`: a further rule is one file in `lib/editing/merging/` and one entry
here, and reruns nothing that exists.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field


@dataclass(frozen=True)
class MergingRule:
    """One way to merge task vectors.

    alphas: the candidates of its scaling coefficient; None takes the run's own, evaluation.alphas. settings: handed to
    `merge`. statistics: files of each task that it reads beside the vectors, by their names in
    `workflow_scripts.layout.Layout.of_a_task`. reads: what it has seen of the tasks' data, words of `lib.reads.READS`,
    beside the validation labels that alpha is chosen by.
    """

    name: str
    alphas: tuple[float, ...] | None = None
    settings: Mapping[str, object] = field(default_factory=dict)
    statistics: tuple[str, ...] = ()
    reads: tuple[str, ...] = ()

    @property
    def module(self) -> str:
        return f"lib.editing.merging.{self.name}"


RULES = {rule.name: rule for rule in (MergingRule("sum"), MergingRule("mean", alphas=(1.0,)))}
