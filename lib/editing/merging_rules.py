"""The merging rules: in which module each is, and on which grid of alphas it is chosen.

A registry for the edge, as `lib.training.modes`: a further rule is one file in `lib/editing/merging/` and one entry
here, and reruns nothing that exists.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from lib.editing.coefficients import alpha_grid
from lib.reads import TEST_IMAGES, TRAINING_IMAGES, VALIDATION_IMAGES, VALIDATION_LABELS


@dataclass(frozen=True)
class MergingRule:
    """One way to merge task vectors.

    alphas: the candidates of its scaling coefficient; None takes the run's own, evaluation.alphas. settings: handed to
    `merge`. statistics: files of each task that it reads beside the vectors, by their names in
    `workflow_scripts.layout.Layout.of_a_task`. reads: what it has seen of the tasks' data, words of `lib.reads.READS`,
    beside the validation labels that alpha is chosen by. file: the module, if it is not named as the rule; it has
    underscores where the name has hyphens. learned: how coefficients are learned before merging: the split, the
    objective, "task" or "tensor", and the fields of `lib.editing.learned_coefficients.Learning`.
    """

    name: str
    alphas: tuple[float, ...] | None = None
    settings: Mapping[str, object] = field(default_factory=dict)
    statistics: tuple[str, ...] = ()
    reads: tuple[str, ...] = ()
    file: str | None = None
    learned: Mapping[str, object] | None = None

    @property
    def module(self) -> str:
        return f"lib.editing.merging.{(self.file or self.name).replace('-', '_')}"

    @property
    def transductive(self) -> bool:
        """Whether it has seen the images that it is tested on."""
        return TEST_IMAGES in self.reads


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


# ASSUME: 500 steps of 16 images of each task for both, as in AdaMerging's released code; aTLAS's takes 20 epochs of the
# smallest set, about as many for the papers' tasks. DEVIATES: aTLAS's code trains on random crops and keeps the best
# epoch on the images that it trains on; here images are cropped in the centre, and the last step counts.
_ATLAS = {"start": 0.0, "steps": 500, "batch": 16, "learning_rate": 1e-3, "weight_decay": 0.1, "clip_norm": 1.0}
_ADAMERGING = {"start": 0.3, "steps": 500, "batch": 16, "learning_rate": 1e-3, "bounds": [0.0, 1.0]}


def _learned(name: str, objective: str, learning: Mapping[str, object], reads: str, *, split: str = "val"):
    """A rule with coefficients of whole vectors, and one with a coefficient for each tensor of each."""
    suffix = "-transductive" if split == "test" else ""
    for per, infix in (("task", ""), ("tensor", "-tensors")):
        yield MergingRule(
            f"{name}{infix}{suffix}",
            file="learned",
            alphas=(1.0,),
            statistics=("coefficients",),
            reads=(reads,),
            learned={"split": split, "objective": objective, "per": per, "learning": learning},
        )


_ON_IMAGES = (
    *_learned("atlas", "cross_entropy", _ATLAS, VALIDATION_LABELS),
    *_learned("adamerging", "entropy", _ADAMERGING, VALIDATION_IMAGES),
    *_learned("adamerging", "entropy", _ADAMERGING, TEST_IMAGES, split="test"),
    MergingRule("regmean", alphas=(1.0,), settings={"rho": 0.95}, statistics=("gram",), reads=(TRAINING_IMAGES,)),
    MergingRule("fisher", alphas=(1.0,), statistics=("fisher",), reads=(TRAINING_IMAGES,)),
)
MOMENTS = {"images": 256, "seed": 0}  # of each task's fit, that Gram matrices and Fisher information are of
RULES = {rule.name: rule for rule in (*_TASK_ARITHMETIC, *_ON_VECTORS, *_ON_IMAGES)}
