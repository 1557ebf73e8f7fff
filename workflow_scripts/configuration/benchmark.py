"""The configuration, checked once against its schema and turned into frozen dataclasses.

Lists, never mappings, hold what a run consists of (models, tasks, pairs): Snakemake merges mappings of several
configuration files key by key, and would silently run the union of two benchmarks.
"""

from __future__ import annotations

import os
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import product
from pathlib import Path

from lib.training import modes
from workflow_scripts.configuration.base import effective, in_order, merged
from workflow_scripts.configuration.contradictions import contradictions
from workflow_scripts.configuration.entries import Analogies, Checkpoint, Kernels, Merging, Model, Task
from workflow_scripts.configuration.files import NO_JOB, FileError, read_mapping, read_value
from workflow_scripts.configuration.participation import OF_RANDOM_INIT, SUM, modes_of, owners
from workflow_scripts.configuration.schema import faults


class ConfigurationError(ValueError):
    """A configuration that cannot run; the message names the key, what it holds and what it should."""


@dataclass(frozen=True)
class Benchmark:
    """One run: what is fine-tuned, on what, how, and how it is evaluated. Sections keep the names of the schema."""

    run: str
    data_root: str
    device: str
    models: tuple[Model, ...]
    tasks: tuple[Task, ...]
    control: Task
    seeds: tuple[int, ...]
    modes: tuple[str, ...]
    merging: tuple[Merging, ...]
    package_versions: str
    split: Mapping[str, object]
    finetune: Mapping[str, object]
    evaluation: Mapping[str, object]
    disentanglement: Mapping[str, object]
    bootstrap: Mapping[str, int]
    resources: Mapping[str, Mapping[str, int]]
    image_size: int | None = None
    train_short_side: int | None = None
    texts: Mapping[str, object] | None = None
    auxiliary: tuple[Task, ...] = ()
    negation_controls: Mapping[str, int] | None = None
    analogies: Analogies = field(default_factory=Analogies)
    checkpoints: tuple[Checkpoint, ...] = ()
    deterministic: bool = False
    pretraining: Mapping[str, object] | None = None
    subsets: Mapping[str, object] | None = None
    arena: Mapping[str, object] | None = None
    kernels: Kernels = field(default_factory=Kernels)

    @property
    def kind(self) -> str:
        """What the run's models take, "image" or "text"."""
        return "image" if self.texts is None else "text"

    def model(self, name: str) -> Model:
        return next(model for model in self.models if model.name == name)

    def task(self, name: str) -> Task:
        return next(task for task in self.prepared_tasks if task.name == name)

    @property
    def prepared_tasks(self) -> list[Task]:
        """All tasks that have images and a head: those of the benchmark, the auxiliary ones, the control last."""
        return [*self.tasks, *self.auxiliary, self.control]

    def tasks_with_heads(self, model: Model) -> list[Task]:
        """The tasks that a model has heads of: auxiliary ones only if it takes part in analogies."""
        return self.prepared_tasks if model.image_tower is None else [*self.tasks, self.control]

    @property
    def task_names(self) -> list[str]:
        return [task.name for task in self.tasks]

    @property
    def pretrained(self) -> tuple[Model, ...]:
        """The models whose image tower is that of their weights: those of all tables and figures but one."""
        return tuple(model for model in self.models if model.image_tower is None)

    @property
    def random_init(self) -> tuple[Model, ...]:
        """The models whose image tower is random: those of the table `random_init`, and of nothing else."""
        return tuple(model for model in self.models if model.image_tower is not None)

    @property
    def trained_modes(self) -> list[str]:
        """The modes whose checkpoints this run needs, post-hoc's own among them."""
        return owners(self.modes)

    def modes_in(self, evaluation: str) -> list[str]:
        """The run's modes that take part in an evaluation, one of `lib.training.modes.EVALUATIONS`."""
        return [mode for mode in self.modes if evaluation in modes.get(mode).evaluations]

    def trained(self, models: Iterable[Model] | None = None) -> list[dict[str, object]]:
        """Model, seed and mode of every set of checkpoints, one for each task, of these models or of all."""
        return [
            {"model": model.name, "seed": seed, "mode": mode}
            for model in (self.models if models is None else models)
            for seed in self.seeds
            for mode in owners(modes_of(vars(model), self.modes))
        ]

    def compared(self) -> list[dict[str, object]]:
        """Model, seed and mode of every set of task vectors whose cosines are told: those that some mode adds."""
        known = owners(self.modes_in("addition"))
        return [where for where in self.trained(self.pretrained) if where["mode"] in known]

    def trainings(self) -> list[dict[str, object]]:
        """Model, seed, mode and task of every checkpoint; of auxiliary tasks, those that analogies use."""
        known = owners(self.analogies.modes)
        of_analogies = [where for where in self.trained(self.pretrained) if where["mode"] in known]
        pairs = [*product(self.trained(), self.tasks), *product(of_analogies, self.auxiliary)]
        return [{**where, "task": task.name} for where, task in pairs]

    def evaluated(self, evaluation: str, models: Iterable[Model] | None = None) -> list[dict[str, object]]:
        """Model, seed and mode of every evaluation of a kind (`lib.training.modes.EVALUATIONS`), of these or all.

        Nothing else says what takes part in what.
        """
        return [
            {"model": model.name, "seed": seed, "mode": mode}
            for model in (self.models if models is None else models)
            if model.image_tower is None or evaluation in OF_RANDOM_INIT
            for seed in self.seeds
            for mode in modes_of(vars(model), self.modes)
            if evaluation in modes.get(mode).evaluations
        ]

    def additions(self, models: Iterable[Model] | None = None) -> list[dict[str, object]]:
        """Model, seed, mode and merging rule of every addition, of these models or of all."""
        return [
            {**where, "merging": rule}
            for where in self.evaluated("addition", models)
            for rule in (self.rules if self.model(where["model"]).image_tower is None else [SUM])
        ]

    def controls_of_negation(self) -> list[dict[str, object]]:
        """Model, seed, mode and task of every job on controls of negation."""
        runs = self.evaluated("negation") if self.negation_controls else []
        return [{**where, "task": task} for where in runs if where["mode"] == "standard" for task in self.task_names]

    def analogous(self, modes: Iterable[str]) -> list[dict[str, object]]:
        """Model, seed, mode and quadruple of every analogy in these modes."""
        runs = [where for where in self.evaluated("analogy") if where["mode"] in modes]
        return [{**where, "quadruple": quadruple} for where in runs for quadruple in self.analogies.by_name]

    @property
    def forgetting_modes(self) -> list[str]:
        """The modes, but for tangent ones, that are trained to forget: theta_0 + tau is the model that forgot."""
        known = [modes.get(mode) for mode in self.modes]
        return [mode.name for mode in known if mode.forgetting > 0 and mode.owns_checkpoints and not mode.tangent]

    @property
    def scattered(self) -> list[str]:
        """The modes whose single-task accuracy is drawn against that of standard fine-tuning."""
        others = [mode for mode in self.modes_in("addition") if mode != "standard"]
        return others if "standard" in self.modes else []

    @property
    def rules(self) -> list[str]:
        """The names of the merging rules."""
        return [entry.rule for entry in self.merging]

    @property
    def subset_runs(self) -> list[dict[str, object]]:
        """Model, seed and mode of every addition of the task vectors of subsets of the tasks."""
        if self.subsets is None:
            return []
        own = self.subsets.get("modes", self.modes)
        return [where for where in self.evaluated("addition", self.pretrained) if where["mode"] in own]

    def diagnosed(self) -> list[dict[str, object]]:
        """Model, seed and mode of every set of checkpoints whose training is asked how lazy it was."""
        return self.trained(self.pretrained) if self.kernels.laziness else []

    def request(self, stage: str, model: str | None = None) -> Mapping[str, int]:
        """What a job of a stage asks for: its model's table, else the run's; of `subsets` and `kernels`, if in none,
        `evaluate`'s."""
        tables = [self.model(model).resources or {} if model else {}, self.resources]
        names = [stage, "evaluate"] if stage in ("subsets", "kernels") else [stage]
        return next(table[name] for name in names for table in tables if name in table)

    @property
    def pairs(self) -> list[str]:
        return [f"{a}--{b}" for a, b in self.disentanglement["pairs"]]


def read(file: Path) -> Benchmark:
    """The configuration in a YAML file. Raises ConfigurationError if there is none, or if it cannot run."""
    return load(read_effective([file]))


def read_effective(files: Sequence[Path], values: Sequence[str] = ()) -> dict[str, object]:
    """What YAML files and the command line's `key=value` say, with what they build on, unchecked.

    Later files and values replace earlier ones, mappings merge. Raises ConfigurationError for a file that is none.
    """
    config: dict[str, object] = {}
    try:
        for file in files:
            config = merged(config, read_mapping(file))
        for text in values:
            key, _, value = text.partition("=")
            config = merged(config, {key: read_value(key, value)})
    except FileError as error:
        raise _refused([str(error)]) from error
    return complete(config, [*(file.parent for file in files), Path()])


def complete(config: Mapping[str, object], folders: Sequence[Path]) -> dict[str, object]:
    """A configuration with what it builds on and what the environment says: the effective one, unchecked.

    folders: where a relative `base` is looked for. Raises ConfigurationError.
    """
    try:
        whole = effective(config, folders)
    except FileError as error:
        raise _refused([str(error)]) from error
    if "TASK_ARITHMETIC_DATA" in os.environ and "data_root" in whole:
        whole["data_root"] = os.environ["TASK_ARITHMETIC_DATA"]
    return whole


def _refused(found: Iterable[str]) -> ConfigurationError:
    return ConfigurationError("\n  - ".join([NO_JOB, *sorted(set(found))]))


def load(config: Mapping[str, object], *, look: bool = True) -> Benchmark:
    """Check a configuration and return it as a Benchmark. Raises ConfigurationError with every fault that was found.

    look: list users' folders of images, too, where they are there.
    """
    config = complete(config, [Path()])
    if found := list(faults(config)) or list(contradictions(config, look=look)):
        raise _refused(found)
    config = in_order(config)
    sections = dict(config)
    prompts = config["texts"]["prompts"] if "texts" in config else None
    sections["models"] = tuple(Model(**entry, prompts=prompts) for entry in config["models"])
    sections["tasks"] = tuple(Task(**entry) for entry in config["tasks"])
    sections["auxiliary"] = tuple(Task(**entry) for entry in config.get("auxiliary", ()))
    sections["analogies"] = Analogies(**config.get("analogies", {}))
    sections["kernels"] = Kernels(**config.get("kernels", {}))
    sections["control"] = Task(**config["control"])
    sections["merging"] = tuple(Merging(**entry) for entry in config["merging"])
    sections["checkpoints"] = tuple(Checkpoint(**entry) for entry in config.get("checkpoints", ()))
    sections["seeds"], sections["modes"] = tuple(config["seeds"]), tuple(config["modes"])
    return Benchmark(**sections)
