"""The configuration, checked once against its schema and turned into frozen dataclasses.

Lists, never mappings, hold what a run consists of (models, tasks, pairs): Snakemake merges mappings of several
configuration files key by key, and would silently run the union of two benchmarks.
"""

from __future__ import annotations

import os
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

import jsonschema
import yaml

from lib import foreign_checkpoints, modes
from workflow_scripts.contradictions import contradictions, unknown_key

SCHEMA = Path(__file__).with_name("config.schema.yaml")


class ConfigurationError(ValueError):
    """A configuration that cannot run; the message names the key, what it holds and what it should."""


@dataclass(frozen=True)
class Model:
    name: str
    architecture: str
    activation: str
    accumulate: int
    processes: int
    activation_checkpointing: bool
    weights: Mapping[str, str]
    architectures: str | None = None
    vocabulary: str | None = None
    resources: Mapping[str, Mapping[str, int]] | None = None


@dataclass(frozen=True)
class Task:
    name: str
    dataset: str
    source: str | None = None
    epochs: int | None = None
    options: Mapping[str, object] = field(default_factory=dict)


@dataclass(frozen=True)
class Checkpoint:
    """A fine-tuned checkpoint in the place of one training run. file: of weights, or a folder that holds one."""

    model: str
    mode: str
    task: str
    seed: int
    file: str

    @property
    def weights(self) -> str:
        return str(foreign_checkpoints.weights_file(self.file))


@dataclass(frozen=True)
class Benchmark:
    """One run: what is fine-tuned, on what, how, and how it is evaluated. Sections keep the names of the schema."""

    run: str
    data_root: str
    image_size: int
    train_short_side: int | None
    device: str
    models: tuple[Model, ...]
    tasks: tuple[Task, ...]
    control: Task
    seeds: tuple[int, ...]
    modes: tuple[str, ...]
    split: Mapping[str, object]
    finetune: Mapping[str, object]
    evaluation: Mapping[str, object]
    disentanglement: Mapping[str, object]
    resources: Mapping[str, Mapping[str, int]]
    checkpoints: tuple[Checkpoint, ...] = ()
    pretraining: Mapping[str, object] | None = None

    def model(self, name: str) -> Model:
        return next(model for model in self.models if model.name == name)

    def task(self, name: str) -> Task:
        return next(task for task in (*self.tasks, self.control) if task.name == name)

    @property
    def task_names(self) -> list[str]:
        return [task.name for task in self.tasks]

    @property
    def trained_modes(self) -> list[str]:
        """The modes whose checkpoints this run needs, post-hoc's own among them."""
        return list(dict.fromkeys(modes.get(mode).vectors_of for mode in self.modes))

    @property
    def pairs(self) -> list[str]:
        return [f"{a}--{b}" for a, b in self.disentanglement["pairs"]]


def load(config: Mapping[str, object]) -> Benchmark:
    """Check a configuration and return it as a Benchmark. Raises ConfigurationError with every fault that was found."""
    schema = yaml.safe_load(SCHEMA.read_text())
    faults = [_explain(error) for error in jsonschema.Draft202012Validator(schema).iter_errors(dict(config))]
    if not faults:
        faults = list(contradictions(config))
    if faults:
        raise ConfigurationError(
            "the configuration cannot run; no job was started.\n"
            + "\n".join(f"  - {fault}" for fault in sorted(faults))
        )
    sections = dict(config)
    sections["data_root"] = os.environ.get("TASK_ARITHMETIC_DATA", sections["data_root"])
    sections["models"] = tuple(Model(**entry) for entry in config["models"])
    sections["tasks"] = tuple(Task(**entry) for entry in config["tasks"])
    sections["control"] = Task(**config["control"])
    sections["checkpoints"] = tuple(Checkpoint(**entry) for entry in config.get("checkpoints", ()))
    sections["seeds"], sections["modes"] = tuple(config["seeds"]), tuple(config["modes"])
    return Benchmark(**sections)


def _explain(error: jsonschema.ValidationError) -> str:
    key = _path(error.absolute_path) or "top level"
    if error.validator == "additionalProperties":
        known = list(error.schema.get("properties", {}))
        return "; ".join(unknown_key(key, name, known) for name in error.instance if name not in known)
    if error.validator == "required":
        missing = [name for name in error.validator_value if name not in error.instance]
        return f"{key}: {', '.join(missing)} is missing; add it (config.yaml shows every key)"
    if error.validator == "oneOf":
        return f"{key}: got {error.instance!r}, expected either {{file}} or {{repository, revision, filename, sha256}}"
    return f"{key}: got {error.instance!r}, expected {_expected(error)}"


def _expected(error: jsonschema.ValidationError) -> str:
    value = error.validator_value
    words = {
        "type": f"a value of type {' or '.join(value) if isinstance(value, list) else value}",
        "enum": f"one of {', '.join(map(str, value)) if isinstance(value, list) else value}",
        "minimum": f"a number of at least {value}",
        "maximum": f"a number of at most {value}",
        "exclusiveMinimum": f"a number above {value}",
        "exclusiveMaximum": f"a number below {value}",
        "minItems": f"at least {value} entries",
        "maxItems": f"at most {value} entries",
        "uniqueItems": "entries that all differ",
        "pattern": error.schema.get("description", f"text of the form {value}"),
    }
    return words.get(error.validator, error.message)


def _path(keys: Sequence[str | int]) -> str:
    return "".join(f"[{key}]" if isinstance(key, int) else f".{key}" for key in keys).lstrip(".")
