"""What is wrong with the files that a configuration names: weights, architectures, vocabularies, checkpoints."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path

from lib.files.checkpoints import CheckpointError
from lib.files.weights_files import require_weights, weights_file
from lib.models.architectures import (
    EncoderError,
    OpenClipMissing,
    activation,
    image_size,
    is_plain_vit,
    require_vit,
)
from lib.models.configuration_rules import checked_configuration
from lib.models.vocabularies import require_vocabulary
from workflow_scripts.configuration.names import tasks_of
from workflow_scripts.configuration.participation import modes_of, owners
from workflow_scripts.configuration.texts import wrong_texts


def wrong_files(config: Mapping[str, object]) -> Iterator[str]:
    """The faults of every file and architecture that the models, the checkpoints and the pre-training name."""
    if "texts" in config:
        yield from wrong_texts(config)
        return
    for index, model in enumerate(config["models"]):
        yield from _wrong_weights(f"models[{index}]", model)
    yield from _wrong_architectures(config)
    yield from _wrong_checkpoints(config)
    if "pretraining" in config:
        yield from _wrong_pretraining(config["pretraining"])


def _wrong_weights(key: str, model: Mapping[str, object]) -> Iterator[str]:
    if "package" in model["weights"]:
        yield f"{key}.weights: only text encoders come with a package; name a file, or one on the hub"
    if "file" in model["weights"]:
        yield from _told(f"{key}.weights.file", require_weights, model["weights"]["file"])


def _told(key: str, require: Callable, *values: object) -> Iterator[str]:
    """What a check says of a value, with the key that holds it."""
    try:
        require(*values)
    except (CheckpointError, EncoderError) as error:
        yield f"{key}: {error}"


def _require_checkpoint(file: str) -> None:
    require_weights(weights_file(file))


def _wrong_pretraining(section: Mapping[str, object]) -> Iterator[str]:
    file = Path(section["architecture"])
    yield from _told("pretraining.architecture", checked_configuration, file.stem, file.parent)
    yield from _told("pretraining.vocabulary", require_vocabulary, section["vocabulary"])


def _wrong_architectures(config: Mapping[str, object]) -> Iterator[str]:
    sizes = {}
    for index, model in enumerate(config["models"]):
        name, key, folder = model["architecture"], f"models[{index}]", model.get("architectures")
        if folder is not None and not os.path.isdir(folder):
            yield f"{key}.architectures: no folder {folder!r} below {Path.cwd()}; correct the path"
            continue
        try:
            configuration = checked_configuration(name, folder)
            require_vit(configuration)
        except OpenClipMissing:
            continue
        except EncoderError as error:
            yield f"{key}.architecture: {error}"
            continue
        if "vocabulary" in model:
            yield from _told(f"{key}.vocabulary", require_vocabulary, model["vocabulary"], configuration["text_cfg"])
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
    names = {"model": [entry["name"] for entry in config["models"]]}
    names["task"] = [task["name"] for key, task in tasks_of(config) if key != "control"]
    known = {**names, "mode": owners(config["modes"]), "seed": list(config["seeds"])}
    trained = {model["name"]: owners(modes_of(model, config["modes"])) for model in config["models"]}
    keys = [tuple(entry[kind] for kind in known) for entry in entries]
    files: dict[Path | str, list[int]] = {}
    for index, entry in enumerate(entries):
        for kind, values in known.items():
            if entry[kind] not in values:
                choice = ", ".join(map(str, values))
                yield f"checkpoints[{index}].{kind}: this run trains no {entry[kind]!r}; choose one of {choice}"
        if entry["mode"] in known["mode"] and entry["mode"] not in trained.get(entry["model"], [entry["mode"]]):
            yield (
                f"checkpoints[{index}].mode: {entry['model']} takes no part in {entry['mode']!r}; choose one of "
                f"{', '.join(trained[entry['model']])}"
            )
        if keys[index] in keys[:index]:
            yield f"checkpoints[{index}]: names the same {', '.join(known)} as checkpoints[{keys.index(keys[index])}]"
        if "file" not in entry:
            files.setdefault(f"{entry['filename']} of {entry['repository']}", []).append(index)
            continue
        found = list(_told(f"checkpoints[{index}].file", _require_checkpoint, entry["file"]))
        yield from found
        if not found:
            files.setdefault(weights_file(entry["file"]).resolve(), []).append(index)
    for file, (first, *others) in files.items():
        for index in others:
            key = "file" if "file" in entries[index] else "repository"
            yield (
                f"checkpoints[{index}].{key}: {file} is the file of checkpoints[{first}]; each training run needs a "
                "file of its own"
            )
