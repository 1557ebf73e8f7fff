"""The fine-tuning modes: what trains, by which objective, whether as the tangent model, whose task vectors are used.

A registry for the edge. The workflow turns a mode into values (names of modules, patterns, settings) and hands those to
its jobs, which never import this module: a further mode is one entry here, and reruns nothing that exists.

DEVIATES: linear-2 follows the text of Jin et al. (2024); in the last state of their released code a wrongly nested
condition freezes every parameter, and the mode "linear" applies a ReLU.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from importlib import import_module

from lib.parameters import matching
from lib.reads import OTHERS_TRAINING_IMAGES, VALIDATION_IMAGES

EVALUATIONS = ("single_task", "addition", "negation", "disentanglement", "analogy")
# few-shot fine-tuning of analogies is left out: with a method that reads more images, its few would not be all
_WITHOUT_ANALOGY = EVALUATIONS[:-1]
# W_q, W_k, W_v, W_o, no biases (Jin et al. 2024), by open_clip's names and by those of transformers' text encoders
ATTENTION_WEIGHTS = ("*attn.in_proj_weight", "*attn.out_proj.weight")
ATTENTION_WEIGHTS_OF_TEXT = (
    *(f"*attention.self.{name}.weight" for name in ("query", "key", "value")),
    "*attention.output.dense.weight",
)
# what has a part in a stored curvature: all but the kernel of the patches and positions, or of text encoders embeddings
OF_CURVATURE = ("class_embedding", "ln_*", "transformer.*", "proj")
OF_CURVATURE_OF_TEXT = ("embeddings.LayerNorm.*", "encoder.*", "lm_head.*")
# of each task and model, once for all modes. ASSUME: 256 images and one random s of each: the paper says that 128 to
# 256 images are enough, and that more samples do not help
CURVATURE = {"images": 256, "samples": 1, "seed": 0}
_OF_ATTENTION = {"trains": ATTENTION_WEIGHTS, "trains_of_text": ATTENTION_WEIGHTS_OF_TEXT}
_ENCODERS = {
    "image": ("image", "tangent"),
    "text": ("text", "tangent_text"),
}  # kind of input -> encoder, its tangent one
_BATCHES = {"image": "lib.data.training_batches", "text": "lib.data.token_batches"}


def batches_module(kind: str) -> str:
    """The module whose TrainingData gives batches of inputs of a kind, "image" or "text"."""
    return _BATCHES[kind]


@dataclass(frozen=True)
class Mode:
    """One way to get and to use a task vector.

    vectors_of: the mode whose checkpoints give tau. tangent: trained and evaluated as f_lin. trains: shell patterns of
    the names of the trained parameters; trains_of_text: those of text encoders, None if they are the same. objective: a
    module of lib/training/objectives, with its settings. others: files of each other task that the objective reads, by
    their names in `workflow_scripts.layout.Layout.of_a_task`. own: files of the task itself, by the same names, which
    the objective finds as "own_{name}" among the others. recipe: what the mode has instead of the
    configuration's values for `finetune`; a learning rate that the configuration states for the mode goes before.
    evaluations: those of EVALUATIONS that the mode takes part in. forgetting: the sign of alpha tau that forgets.
    reads: what training has seen beside its own fit images, words of `lib.reads.READS`. more_images: those that
    the objective adds to the batch of each step.
    """

    name: str
    vectors_of: str
    tangent: bool = False
    trains: tuple[str, ...] = ("*",)
    trains_of_text: tuple[str, ...] | None = None
    objective: str = "cross_entropy"
    settings: Mapping[str, object] = field(default_factory=dict)
    others: tuple[str, ...] = ()
    own: tuple[str, ...] = ()
    recipe: Mapping[str, object] = field(default_factory=dict)
    evaluations: tuple[str, ...] = EVALUATIONS
    forgetting: int = -1
    reads: tuple[str, ...] = ()
    more_images: int = 0

    @property
    def owns_checkpoints(self) -> bool:
        return self.vectors_of == self.name

    @property
    def encoder_module(self) -> str:
        """The module whose image_encoder gives the model that is trained and evaluated, of an image tower."""
        return self.encoder_module_of("image")

    def encoder_module_of(self, kind: str) -> str:
        """The same of models whose inputs are of a kind, "image" or "text"."""
        return f"lib.models.encoders.{_ENCODERS[kind][self.tangent]}"

    def patterns_of(self, kind: str) -> tuple[str, ...]:
        """The patterns of what trains in models whose inputs are of a kind, "image" or "text"."""
        return self.trains if kind == "image" or self.trains_of_text is None else self.trains_of_text

    @property
    def predictions_module(self) -> str:
        """The module whose predictions evaluate many edited models at once."""
        return f"lib.editing.{'tangent_models' if self.tangent else 'edited_models'}"

    @property
    def objective_module(self) -> str:
        return f"lib.training.objectives.{self.objective}"

    def trained(self, names: Iterable[str]) -> list[str]:
        """The names of the parameters that this mode trains, in order."""
        return matching(names, self.trains)

    def image_encoder(self, configuration: Mapping, *, recompute: bool = False):
        """The encoder of a model configuration of open_clip's, as this mode trains and evaluates it."""
        return import_module(self.encoder_module).image_encoder(configuration, recompute=recompute)

    @property
    def predictions(self) -> Callable:
        """See `lib.editing.edited_models.predictions`."""
        return import_module(self.predictions_module).predictions


MODES = {
    mode.name: mode
    for mode in (
        Mode("standard", vectors_of="standard"),
        Mode("posthoc", vectors_of="standard", tangent=True),
        Mode("linear", vectors_of="linear", tangent=True),
        Mode("linear-2", vectors_of="linear-2", **_OF_ATTENTION),
        # the control of the editing paper's negation table: its tau already forgets
        Mode(
            "gradient-ascent",
            vectors_of="gradient-ascent",
            objective="gradient_ascent",
            evaluations=("single_task", "negation"),
            forgetting=+1,
        ),
        # OrthoReg (Liu et al. 2026). ASSUME: lambda is the least of the paper's range, 0.1 to 100, chosen there by
        # validation: at tau = 0 the penalty is the sum of all d_l, far above a cross-entropy
        *(
            Mode(
                f"{base}-orthoreg",
                vectors_of=f"{base}-orthoreg",
                tangent=base == "linear",
                objective="orthoreg",
                settings={"strength": 0.1, "squared": True, "layers": layers},
                evaluations=_WITHOUT_ANALOGY,
                **trained,
            )
            for base, layers, trained in (
                ("standard", ["*weight"], {}),
                ("linear", ["*weight"], {}),
                ("linear-2", [*ATTENTION_WEIGHTS, *ATTENTION_WEIGHTS_OF_TEXT], _OF_ATTENTION),
            )
        ),
        # tau-Jp (Yoshida et al. 2025)
        Mode(
            "linear-taujp",
            vectors_of="linear-taujp",
            tangent=True,
            objective="tau_jp",
            settings={"strength": 0.1, "images": 16, "seed": 0, "control": False},
            others=("fit",),
            reads=(OTHERS_TRAINING_IMAGES,),
            more_images=16,
            evaluations=_WITHOUT_ANALOGY,
        ),
        # TaLoS (Iurada et al. 2025)
        Mode(
            "standard-talos",
            vectors_of="standard-talos",
            objective="talos",
            settings={"keep": 0.1, "rounds": 4, "damping": 0.1, "seed": 0},
            own=("val",),
            reads=(VALIDATION_IMAGES,),
            evaluations=_WITHOUT_ANALOGY,
        ),
        # TAK (Porrello et al. 2026), with one lambda at this benchmark's rate, and with the released code's factors and
        # rate; both train what the paper trains
        *(
            Mode(
                name,
                vectors_of=name,
                tangent=True,
                trains=OF_CURVATURE,
                trains_of_text=OF_CURVATURE_OF_TEXT,
                objective="tak",
                settings=settings,
                others=("curvature",),
                reads=(OTHERS_TRAINING_IMAGES,),
                recipe=recipe,
                evaluations=_WITHOUT_ANALOGY,
            )
            for name, settings, recipe in (
                ("linear-tak", {"strength": 10.0, "scaling": "expand", "weights": {}}, {}),
                (
                    "linear-tak-paper",
                    {
                        "strength": 500.0,
                        "scaling": "released",
                        "weights": {"*ln_*": 10.0, "*[Ll]ayer*[Nn]orm*": 10.0, "class_embedding": 10.0, "proj": 0.1},
                    },
                    {"learning_rate": 3e-4},
                ),
            )
        ),
    )
}


def get(name: str) -> Mode:
    """The mode of that name. Raises ValueError, listing the known ones, for any other."""
    if name not in MODES:
        raise ValueError(f"unknown mode {name!r}; known modes: {', '.join(MODES)}")
    return MODES[name]
