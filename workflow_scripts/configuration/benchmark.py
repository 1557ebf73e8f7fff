"""The configuration, checked once against its schema and turned into frozen dataclasses.

Lists, never mappings, hold what a run consists of (models, tasks, pairs): Snakemake merges mappings of several
configuration files key by key, and would silently run the union of two benchmarks.
"""

from __future__ import annotations

import os
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

import jsonschema
import yaml

from lib.training import modes, third_party
from workflow_scripts.configuration.contradictions import contradictions, unknown_key

SCHEMA = Path(__file__).with_name("schema.yaml")


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
        return str(third_party.weights_file(self.file))


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


def read(file: Path) -> Benchmark:
    """The configuration in a YAML file. Raises ConfigurationError if there is none, or if it cannot run."""
    if not file.is_file():
        raise ConfigurationError(f"no configuration {str(file)!r} below {Path.cwd()}; name one, such as config.yaml")
    try:
        config = yaml.safe_load(file.read_text())
    except yaml.YAMLError as error:
        raise ConfigurationError(f"{file} is not YAML: {error}") from error
    if not isinstance(config, Mapping):
        raise ConfigurationError(f"{file} holds {config!r}, expected a mapping with keys such as run, models and tasks")
    return load(config)


def load(config: Mapping[str, object]) -> Benchmark:
    """Check a configuration and return it as a Benchmark. Raises ConfigurationError with every fault that was found."""
    schema = yaml.safe_load(SCHEMA.read_text())
    errors = jsonschema.Draft202012Validator(schema).iter_errors(dict(config))
    faults = {fault for error in errors for fault in _explain(error)} or set(contradictions(config))
    if faults:
        raise ConfigurationError("\n  - ".join(["the configuration cannot run; no job was started.", *sorted(faults)]))
    sections = dict(config)
    sections["data_root"] = os.environ.get("TASK_ARITHMETIC_DATA", sections["data_root"])
    sections["models"] = tuple(Model(**entry) for entry in config["models"])
    sections["tasks"] = tuple(Task(**entry) for entry in config["tasks"])
    sections["control"] = Task(**config["control"])
    sections["checkpoints"] = tuple(Checkpoint(**entry) for entry in config.get("checkpoints", ()))
    sections["seeds"], sections["modes"] = tuple(config["seeds"]), tuple(config["modes"])
    return Benchmark(**sections)


def _explain(error: jsonschema.ValidationError) -> Iterator[str]:
    key = _path(error.absolute_path) or "top level"
    if error.validator == "additionalProperties":
        known = list(error.schema.get("properties", {}))
        yield from (unknown_key(key, name, known) for name in error.instance if name not in known)
    elif error.validator == "required":
        missing = [name for name in error.validator_value if name not in error.instance]
        yield f"{key}: {', '.join(missing)} is missing; add it (docs/configuration.md lists every key)"
    elif error.validator == "oneOf":  # of weights: tell what is wrong with the form that was meant
        form = 0 if isinstance(error.instance, Mapping) and "file" in error.instance else 1
        for inner in error.context:
            if inner.relative_schema_path[0] == form:
                yield from _explain(inner)
    else:
        yield f"{key}: got {error.instance!r}, expected {_expected(error)}{_yaml_hint(error)}"


def _yaml_hint(error: jsonschema.ValidationError) -> str:
    """YAML 1.1 reads 1e-5 as text: a number with an exponent needs a decimal point, and its exponent a sign."""
    wants_number = error.validator == "type" and "number" in str(error.validator_value)
    found = re.fullmatch(r"([+-]?\d+)(\.\d*)?e([+-]?)(\d+)", str(error.instance), re.IGNORECASE)
    if not wants_number or not isinstance(error.instance, str) or not found:
        return ""
    whole, fraction, sign, exponent = found.groups()
    return f"; it is text to YAML: write {whole}{fraction or '.0'}e{sign or '+'}{exponent}"


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
