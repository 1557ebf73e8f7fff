"""The configuration, checked once against its schema and turned into frozen dataclasses.

Lists, never mappings, hold what a run consists of (models, tasks, pairs): Snakemake merges mappings of several
configuration files key by key, and would silently run the union of two benchmarks.
"""

from __future__ import annotations

import difflib
import os
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

import jsonschema
import yaml

from lib import foreign_checkpoints, modes
from lib.checkpoints import CheckpointError

SCHEMA = Path(__file__).with_name("config.schema.yaml")


class ConfigurationError(ValueError):
    """A configuration that cannot run; the message names the key, what it holds and what it should."""


@dataclass(frozen=True)
class Model:
    name: str
    architecture: str
    activation: str
    accumulate: int
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
        faults = list(_contradictions(config))
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
        return "; ".join(_unknown(key, name, known) for name in error.instance if name not in known)
    if error.validator == "required":
        missing = [name for name in error.validator_value if name not in error.instance]
        return f"{key}: {', '.join(missing)} is missing; add it (config.yaml shows every key)"
    if error.validator == "oneOf":
        return f"{key}: got {error.instance!r}, expected either {{file}} or {{repository, revision, filename, sha256}}"
    return f"{key}: got {error.instance!r}, expected {_expected(error)}"


def _unknown(key: str, name: str, known: Sequence[str]) -> str:
    close = difflib.get_close_matches(name, known, n=1)
    hint = f"did you mean {close[0]!r}?" if close else f"known keys: {', '.join(known)}"
    return f"{key}: unknown key {name!r}; {hint}"


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


def _contradictions(config: Mapping[str, object]):
    """What no schema can say: names that clash or that nothing declares, files that are absent."""
    yield from _clashes(config)
    tasks = [task["name"] for task in config["tasks"]]
    for index, pair in enumerate(config["disentanglement"]["pairs"]):
        for name in pair:
            if name not in tasks:
                yield f"disentanglement.pairs[{index}]: unknown task {name!r}; tasks: {', '.join(tasks)}"
    rates = config["finetune"]["learning_rate"]
    for mode in dict.fromkeys(modes.get(name).vectors_of for name in config["modes"]):
        if mode not in rates:
            yield f"finetune.learning_rate: {mode} is missing, but the modes {config['modes']} need it"
    for grid in ("evaluation", "disentanglement"):
        alphas = config[grid]["alphas"]
        if alphas["stop"] <= alphas["start"]:
            yield f"{grid}.alphas: stop is {alphas['stop']}, expected more than start, {alphas['start']}"
    yield from _absent_files(config)
    yield from _wrong_checkpoints(config)
    yield from _wrong_sources(config)


def _clashes(config: Mapping[str, object]):
    for section in ("models", "tasks"):
        for name, count in Counter(entry["name"] for entry in config[section]).items():
            if count > 1:
                yield f"{section}: {count} entries are named {name!r}; names must differ"
    if config["control"]["name"] in [task["name"] for task in config["tasks"]]:
        yield f"control.name: {config['control']['name']!r} is also a task; the control must not be fine-tuned on"
    taken = {"pretrained", "heads", "data", "tables", "figures", "logs", "provenance"}
    for index, model in enumerate(config["models"]):
        if model["name"] in taken:
            yield f"models[{index}].name: {model['name']!r} is the name of a folder of results; choose another"


def _absent_files(config: Mapping[str, object]):
    for index, model in enumerate(config["models"]):
        files = {
            "weights.file": model["weights"].get("file"),
            "architectures": model.get("architectures"),
            "vocabulary": model.get("vocabulary"),
        }
        for key, file in files.items():
            if file is not None and not Path(file).exists():
                yield f"models[{index}].{key}: no file {file!r} below {Path.cwd()}"


def _wrong_checkpoints(config: Mapping[str, object]):
    entries = config.get("checkpoints", [])
    names = {kind: [entry["name"] for entry in config[f"{kind}s"]] for kind in ("model", "task")}
    owners = list(dict.fromkeys(modes.get(mode).vectors_of for mode in config["modes"]))
    known = {**names, "mode": owners, "seed": list(config["seeds"])}
    keys = [tuple(entry[kind] for kind in known) for entry in entries]
    for index, entry in enumerate(entries):
        for kind, values in known.items():
            if entry[kind] not in values:
                choice = ", ".join(map(str, values))
                yield f"checkpoints[{index}].{kind}: this run trains no {entry[kind]!r}; choose one of {choice}"
        if keys[index] in keys[:index]:
            yield f"checkpoints[{index}]: names the same {', '.join(known)} as checkpoints[{keys.index(keys[index])}]"
        try:
            foreign_checkpoints.weights_file(entry["file"])
        except CheckpointError as error:
            yield f"checkpoints[{index}].file: {error}"


_OPTIONS = {
    # data set: (needed options, known options)
    "drawn": ({"picture", "train", "test", "seed"}, {"picture", "train", "test", "seed"}),
    "sklearn_digits": ({"test", "seed"}, {"test", "seed"}),
    "image_folder": ({"path", "templates"}, {"path", "templates", "class_names", "expected_counts"}),
}


def _wrong_sources(config: Mapping[str, object]):
    for key, task in [*((f"tasks[{i}]", t) for i, t in enumerate(config["tasks"])), ("control", config["control"])]:
        required, known = _OPTIONS.get(task["dataset"], (set(), {"expected_counts", "revision", "label_order"}))
        options = task.get("options", {})
        for name in sorted(options.keys() - known):
            yield _unknown(f"{key}.options", name, sorted(known))
        for name in sorted(required - options.keys()):
            yield f"{key}.options: {name} is missing; the data set {task['dataset']} needs it"
        if task["dataset"] not in _OPTIONS and "source" not in task:
            yield f"{key}: source is missing; choose folder or hub"
