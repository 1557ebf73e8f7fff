"""What no schema can say of a configuration: names that clash or that nothing declares, files that are absent."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping
from pathlib import Path

from lib.data.datasets import DATASETS
from lib.files.checkpoints import CheckpointError
from lib.models.architectures import (
    EncoderError,
    OpenClipMissing,
    activation,
    image_size,
    is_plain_vit,
    read_configuration,
    require_vit,
)
from lib.training import modes, third_party
from workflow_scripts.configuration.schema import unknown_key


def contradictions(config: Mapping[str, object]) -> Iterator[str]:
    """The faults of a configuration that its schema cannot see."""
    yield from _clashes(config)
    tasks = [task["name"] for task in config["tasks"]]
    for index, pair in enumerate(config["disentanglement"]["pairs"]):
        for name in pair:
            if name not in tasks:
                yield f"disentanglement.pairs[{index}]: unknown task {name!r}; tasks: {', '.join(tasks)}"
    if not any("addition" in modes.get(name).evaluations for name in config["modes"]):
        yield f"modes: none of {config['modes']} takes part in addition; add one that does, such as standard"
    rates = config["finetune"]["learning_rate"]
    for mode in dict.fromkeys(modes.get(name).vectors_of for name in config["modes"]):
        if mode not in rates:
            yield f"finetune.learning_rate: {mode} is missing, but the modes {config['modes']} need it"
    for grid in ("evaluation", "disentanglement"):
        alphas = config[grid]["alphas"]
        yield from _backwards(f"{grid}.alphas", alphas)
    for index, entry in enumerate(config["merging"]):
        yield from _backwards(f"merging[{index}].alphas", entry["alphas"]) if "alphas" in entry else ()
    for rule, count in Counter(entry["rule"] for entry in config["merging"]).items():
        if count > 1:
            yield f"merging: {count} entries have the rule {rule!r}; a run has each rule once"
    yield from _absent_files(config)
    yield from _wrong_architectures(config)
    yield from _wrong_checkpoints(config)
    yield from _wrong_sources(config)
    yield from _wrong_processes(config)


def _backwards(key: str, grid: Mapping[str, float]):
    if grid["stop"] <= grid["start"]:
        yield f"{key}: stop is {grid['stop']}, expected more than start, {grid['start']}"


def _clashes(config: Mapping[str, object]):
    for section in ("models", "tasks"):
        for name, count in Counter(entry["name"] for entry in config[section]).items():
            if count > 1:
                yield f"{section}: {count} entries are named {name!r}; names must differ"
    if config["control"]["name"] in [task["name"] for task in config["tasks"]]:
        yield f"control.name: {config['control']['name']!r} is also a task; the control must not be fine-tuned on"
    taken = {"pretrained", "heads", "data", "tables", "figures", "logs", "provenance", "config.yaml", "findings.md"}
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


def _wrong_architectures(config: Mapping[str, object]):
    sizes = {}
    for index, model in enumerate(config["models"]):
        name, key = model["architecture"], f"models[{index}]"
        try:
            configuration = read_configuration(name, model.get("architectures"))
            require_vit(configuration)
        except OpenClipMissing:
            continue
        except EncoderError as error:
            yield f"{key}.architecture: {error}"
            continue
        sizes[key] = image_size(configuration)
        if activation(configuration) != model["activation"]:
            yield (
                f"{key}.activation: {model['activation']}, but {name} computes {activation(configuration)}; choose the "
                "architecture that the weights were trained in (OpenAI's: -quickgelu), then state its activation"
            )
        if model["activation_checkpointing"] and not is_plain_vit(configuration):
            yield f"{key}.activation_checkpointing: true, but {name} is no plain ViT; set false, or raise accumulate"
    taken = set(sizes.values())
    if len(taken) > 1:
        listed = ", ".join(f"{key} {size}" for key, size in sizes.items())
        yield f"models: they take images of different sizes ({listed}); a run has one: make a run for each size"
    elif taken and taken != {config["image_size"]}:
        (size,) = taken
        yield f"image_size: {config['image_size']}, but the models take {size} x {size} pixels; set image_size: {size}"


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
            third_party.weights_file(entry["file"])
        except CheckpointError as error:
            yield f"checkpoints[{index}].file: {error}"


def _wrong_sources(config: Mapping[str, object]):
    for key, task in [*((f"tasks[{i}]", t) for i, t in enumerate(config["tasks"])), ("control", config["control"])]:
        dataset, options = DATASETS[task["dataset"]], task.get("options", {})
        for name in sorted(options.keys() - dataset.known):
            yield unknown_key(f"{key}.options", name, sorted(dataset.known))
        for name in sorted(dataset.needed - options.keys()):
            yield f"{key}.options: {name} is missing; the data set {task['dataset']} needs it"
        if task["dataset"] == "synthetic" and "kind" in options:
            yield from _unknown_kind(f"{key}.options.kind", options["kind"])
        if len(dataset.sources) > 1 and "source" not in task:
            yield f"{key}: source is missing; choose {' or '.join(dataset.sources)}"


def _unknown_kind(key: str, name: object):
    from lib.synthetic.world import KINDS

    if name not in KINDS:
        yield f"{key}: got {name!r}, expected one of {', '.join(KINDS)}"


def _wrong_processes(config: Mapping[str, object]):
    for index, model in enumerate(config["models"]):
        table = model.get("resources", {}).get("finetune", config["resources"]["finetune"])
        wanted, gpus = model["processes"], table["gpu"]
        asked = f"{gpus} GPU" if gpus == 1 else f"{gpus} GPUs"
        if gpus not in (0, wanted):
            yield (
                f"models[{index}].processes: {wanted}, but a fine-tuning job of {model['name']} asks for {asked}; "
                f"each process takes one: set processes: {gpus}, or gpu: {wanted} under resources.finetune"
            )
        if config["finetune"]["batch_size"] < wanted * model["accumulate"]:
            yield (
                f"models[{index}]: a batch of {config['finetune']['batch_size']} cannot be cut into {wanted} processes "
                f"x {model['accumulate']} micro-batches; lower processes or accumulate"
            )
