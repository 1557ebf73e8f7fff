"""The merging rules: in which module each is, and on which grid of alphas it is chosen.

A registry for the edge, as `lib.training.modes`: a further rule is one file in `lib/editing/merging/` and one entry
here, and reruns nothing that exists.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from lib.reads import TEST_IMAGES, TRAINING_IMAGES, VALIDATION_IMAGES, VALIDATION_LABELS


@dataclass(frozen=True)
class MergingRule:
    """One way to merge task vectors.

    alphas: the candidates of its scaling coefficient; None takes the run's own, evaluation.alphas. settings: handed to
    `merge`. statistics: files of each task that it reads beside the vectors, by their names in
    `workflow_scripts.layout.Layout.of_a_task`. reads: what it has seen of the tasks' data, words of `lib.reads.READS`,
    beside the validation labels that alpha is chosen by. file: the module, if it is not named as the rule. learned:
    how coefficients are learned before merging: the split, the objective, "task" or "tensor", and the fields of
    `lib.editing.learned_coefficients.Learning`.
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


RULES = {
    rule.name: rule
    for rule in (
        MergingRule("sum"),
        MergingRule("mean", alphas=(1.0,)),
        *_learned("atlas", "cross_entropy", _ATLAS, VALIDATION_LABELS),
        *_learned("adamerging", "entropy", _ADAMERGING, VALIDATION_IMAGES),
        *_learned("adamerging", "entropy", _ADAMERGING, TEST_IMAGES, split="test"),
        MergingRule("regmean", alphas=(1.0,), settings={"rho": 0.95}, statistics=("gram",), reads=(TRAINING_IMAGES,)),
        MergingRule("fisher", alphas=(1.0,), statistics=("fisher",), reads=(TRAINING_IMAGES,)),
    )
}
MOMENTS = {"images": 256, "seed": 0}  # of each task's fit, that Gram matrices and Fisher information are of
