"""The merging rules: in which module each is, and on which grid of alphas it is chosen.

A registry for the edge, as `lib.training.modes`: a further rule is one file in `lib/editing/merging/` and one entry
here, and reruns nothing that exists.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from lib.editing.coefficients import alpha_grid


@dataclass(frozen=True)
class MergingRule:
    """One way to merge task vectors.

    alphas: the candidates of its scaling coefficient; None takes the run's own, evaluation.alphas. settings: handed to
    `merge`. statistics: files of each task that it reads beside the vectors, by their names in
    `workflow_scripts.layout.Layout.of_a_task`. Its module has underscores where the name has hyphens.
    """

    name: str
    alphas: tuple[float, ...] | None = None
    settings: Mapping[str, object] = field(default_factory=dict)
    statistics: tuple[str, ...] = ()

    @property
    def module(self) -> str:
        return f"lib.editing.merging.{self.name.replace('-', '_')}"


_TASK_ARITHMETIC = (MergingRule("sum"), MergingRule("mean", alphas=(1.0,)))

# Grids are those of the methods' papers where they name one; a grid that ends below the best alpha would decide the
# comparison. The rules without one keep the scale of the sum and take the run's own.
_SPECTRA = tuple(alpha_grid(0, 3, 31))  # TSV-M, Iso-C, Iso-CTS; Iso's paper chose 1.3 to 1.9
_MEANS = tuple(alpha_grid(0, 1.5, 16))  # TIES ends in a mean, of which 1 is the natural scale

_ON_VECTORS = (
    MergingRule("ties", alphas=_MEANS, settings={"density": 0.2}),
    # ASSUME: half of the entries are dropped, with one seed; DARE's paper goes from 0.2 to 0.9, depending on the model.
    MergingRule("dare", settings={"drop": 0.5, "seed": 0}),
    MergingRule("dare-ties", alphas=_MEANS, settings={"drop": 0.5, "seed": 0, "density": 0.2}),
    MergingRule("breadcrumbs", settings={"drop_top": 0.006, "keep": 0.15}),
    # ASSUME: beta 0.5; with alpha from 0 to 2, alpha beta goes through all that LiNeS's paper tries, 0.1 to 1.
    MergingRule("lines", alphas=tuple(alpha_grid(0, 2, 21)), settings={"beta": 0.5}),
    # ASSUME: lambda 0.4 for all tasks, the middle of what Consensus TA's authors try, 0.2 to 0.6.
    MergingRule("consensus", settings={"threshold": 0.4, "tasks": 2}),
    MergingRule("tsv-m", alphas=_SPECTRA),
    MergingRule("iso-c", alphas=_SPECTRA),
    MergingRule("iso-cts", alphas=_SPECTRA, settings={"common": 0.8}),
    # ASSUME: alpha is chosen as for every rule, on a grid around WUDI's own 1.
    MergingRule("wudi", alphas=_MEANS),
    MergingRule("wudi-adam", alphas=_MEANS, settings={"steps": 300, "learning_rate": 1e-5}),
)
RULES = {rule.name: rule for rule in (*_TASK_ARITHMETIC, *_ON_VECTORS)}
