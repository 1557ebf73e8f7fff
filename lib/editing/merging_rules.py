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
    `merge`. reads: what it needs beside the vectors, for the tables of several rules ("nothing", "labels of val", ...).
    """

    name: str
    alphas: tuple[float, ...] | None = None
    settings: Mapping[str, object] = field(default_factory=dict)
    reads: str = "nothing"

    @property
    def module(self) -> str:
        return f"lib.editing.merging.{self.name}"


RULES = {rule.name: rule for rule in (MergingRule("sum"), MergingRule("mean", alphas=(1.0,)))}
