"""The entries of a configuration's lists, and its sections that more than one place asks about."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from lib.training import modes, third_party


@dataclass(frozen=True)
class Model:
    """A CLIP, or a text encoder: then prompts are "of_classes" or "of_texts", architecture and activation None."""

    name: str
    accumulate: int
    processes: int
    activation_checkpointing: bool
    weights: Mapping[str, str]
    architecture: str | None = None
    activation: str | None = None
    prompts: str | None = None
    configuration: str | None = None
    logit_scale: float | None = None
    architectures: str | None = None
    vocabulary: str | None = None
    image_tower: Mapping[str, int] | None = None
    modes: Sequence[str] | None = None
    resources: Mapping[str, Mapping[str, int]] | None = None


@dataclass(frozen=True)
class Task:
    name: str
    dataset: str
    source: str | None = None
    epochs: int | None = None
    options: Mapping[str, object] = field(default_factory=dict)


LEARNING = ("steps", "learning_rate")  # what a merging rule's entry may say of how coefficients are learned


@dataclass(frozen=True)
class Merging:
    """A merging rule of addition. alphas: a grid (start, stop, points) in the place of the rule's own. transductive:
    the configuration says that the rule sees test images, which it must if the rule does. steps, learning_rate: of a
    rule that learns coefficients, in the place of its own.
    """

    rule: str
    alphas: Mapping[str, float] | None = None
    transductive: bool | None = None
    steps: int | None = None
    learning_rate: float | None = None


@dataclass(frozen=True)
class Checkpoint:
    """A fine-tuned checkpoint in the place of one training run.

    file: of weights, or a folder that holds one; without it, a file on the hub, whose revision and sha256 are None
    until they are pinned.
    """

    model: str
    mode: str
    task: str
    seed: int
    file: str | None = None
    repository: str | None = None
    revision: str | None = None
    filename: str | None = None
    sha256: str | None = None

    @property
    def name(self) -> str:
        """Of the training run, in messages."""
        return f"{self.model}/seed{self.seed}/{self.mode}/{self.task}"

    @property
    def weights(self) -> dict[str, str | None]:
        """Where the file is, in the form of a model's weights (`workflow_scripts.models.weights`)."""
        if self.file is not None:
            return {"file": str(third_party.weights_file(self.file))}
        return {name: getattr(self, name) for name in ("repository", "revision", "filename", "sha256")}

    @property
    def pinned(self) -> bool:
        """Whether its bytes are known before they are read: those of a file are there to be looked at."""
        return self.file is not None or None not in (self.revision, self.sha256)


@dataclass(frozen=True)
class Analogies:
    """Quadruples of tasks a, b, c and d, in these modes; few_shot: shots, steps and warm-up of fine-tuning on d."""

    quadruples: Sequence[Mapping[str, str]] = ()
    modes: Sequence[str] = ()
    few_shot: Mapping[str, object] | None = None

    @property
    def by_name(self) -> dict[str, tuple[str, str, str, str]]:
        """Name in folders -> tasks a, b, c, d."""
        listed = [tuple(quadruple[letter] for letter in "abcd") for quadruple in self.quadruples]
        return {"--".join(tasks): tasks for tasks in listed}

    @property
    def targets(self) -> list[str]:
        """The tasks d, each once."""
        return list(dict.fromkeys(d for *_, d in self.by_name.values()))

    @property
    def shots(self) -> list[int]:
        """Numbers of images per class of few-shot fine-tuning, ascending."""
        return sorted(self.few_shot["shots"]) if self.few_shot else []

    @property
    def few_shot_modes(self) -> list[str]:
        """The modes that can be fine-tuned further, on few images."""
        return [mode for mode in self.modes if self.few_shot and modes.get(mode).owns_checkpoints]


@dataclass(frozen=True)
class Kernels:
    """The sections of the kernel view, each None if the run does not have it. memory_mib: for one kernel at a time."""

    memory_mib: int = 0
    localization: Mapping[str, object] | None = None
    regression: Mapping[str, object] | None = None
    wide_networks: Mapping[str, object] | None = None
    laziness: Mapping[str, object] | None = None
    drift: Mapping[str, object] | None = None

    @property
    def pairs(self) -> list[tuple[str, str]]:
        """Each task with its control task, of localization."""
        return [(task, control) for task, control in self.localization["pairs"]] if self.localization else []

    @property
    def regression_tasks(self) -> list[str]:
        return list(self.regression["tasks"]) if self.regression else []

    def localized(self, models: Sequence[Model]) -> list[dict[str, str]]:
        """Model, task and control task of every kernel whose eigenfunctions are localized."""
        return [
            {"model": model.name, "task": task, "control": control} for model in models for task, control in self.pairs
        ]

    def regressed(self, models: Sequence[Model]) -> list[dict[str, str]]:
        """Model and task of every kernel regression."""
        return [{"model": model.name, "task": task} for model in models for task in self.regression_tasks]

    @property
    def localization_settings(self) -> dict[str, object]:
        """What decides each localization, beside its tasks."""
        return {key: value for key, value in (self.localization or {}).items() if key != "pairs"}

    @property
    def regression_settings(self) -> dict[str, object]:
        """What decides each kernel regression, beside its task; shots ascending."""
        section = self.regression or {"shots": []}
        found = {key: value for key, value in section.items() if key != "tasks"}
        return found | {"shots": sorted(section["shots"])}

    @property
    def drift_settings(self) -> dict[str, object]:
        """What decides each measurement of drift, beside its mode."""
        return {key: value for key, value in (self.drift or {}).items() if key != "modes"}

    @property
    def network_settings(self) -> dict[str, object]:
        """What decides the wide networks, beside their task; widths ascending."""
        section = self.wide_networks or {"widths": []}
        found = {key: value for key, value in section.items() if key != "task"}
        return found | {"widths": sorted(section["widths"])}
