"""What is wrong with a run on texts, and what decides the function of its text encoders."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from importlib.util import find_spec
from pathlib import Path

from lib.files.checkpoints import CheckpointError
from lib.files.digests import file_digest
from lib.files.weights_files import require_weights
from lib.models.architectures import EncoderError
from lib.models.text_configurations import most_tokens, read_text_configuration
from workflow_scripts.models.text_files import CONFIGURATION, TOKENIZER, local_file

_OF_IMAGES = ("auxiliary", "analogies", "checkpoints", "pretraining")  # sections that runs on texts do not have


def text_configuration(model: Mapping[str, object], prompts: str) -> dict[str, object]:
    """See `lib.models.text_configurations.read_text_configuration`. Raises EncoderError."""
    named = model.get("configuration")
    return read_text_configuration(
        Path(named) if named else local_file(model["weights"], CONFIGURATION), prompts=prompts
    )


def wrong_texts(config: Mapping[str, object]) -> Iterator[str]:
    """The faults of a run on texts: sections that it cannot have, packages and files that are absent."""
    for section in _OF_IMAGES:
        if config.get(section):
            yield f"{section}: only runs on images have it; remove it, or texts"
    if "wide_networks" in config.get("kernels", {}):
        yield "kernels.wide_networks: their inputs are pixels; remove the section, or texts"
    if find_spec("transformers") is None or find_spec("tokenizers") is None:
        yield (
            "texts: transformers and tokenizers are not installed here, expected those of envs/text.lock; run "
            "`make setup-text`"
        )
    tokenizers = {}
    for index, model in enumerate(config["models"]):
        key = f"models[{index}]"
        yield from (found := [*_wrong_settings(key, model), *_wrong_files(key, model)])
        if not found:
            yield from _wrong_length(key, model, config["texts"])
            tokenizers[key] = _tokenizer(model["weights"])
    if len(set(tokenizers.values())) > 1:
        listed = ", ".join(tokenizers)
        yield f"models: {listed} have different tokenizers, but a run stores its texts once; make a run for each"


def _wrong_settings(key: str, model: Mapping[str, object]) -> Iterator[str]:
    if model["activation_checkpointing"]:
        yield f"{key}.activation_checkpointing: true, but text encoders keep their activations; set false"
    if model["processes"] != 1:
        yield f"{key}.processes: {model['processes']}, but text encoders train in one process; set 1"
    if "repository" in model["weights"] and "configuration" not in model:
        yield f"{key}.configuration: is missing; name a copy of the repository's config.json, to plan without a network"


def _wrong_files(key: str, model: Mapping[str, object]) -> Iterator[str]:
    if "repository" in model["weights"]:
        return
    try:
        require_weights(local_file(model["weights"]))
    except (CheckpointError, FileNotFoundError) as error:
        yield f"{key}.weights: {error}"
        return
    for name in (CONFIGURATION, TOKENIZER):
        if not (file := local_file(model["weights"], name)).is_file():
            yield f"{key}.weights: no file {file}, expected it beside the weights; copy it there"


def _wrong_length(key: str, model: Mapping[str, object], texts: Mapping[str, object]) -> Iterator[str]:
    try:
        most = most_tokens(text_configuration(model, texts["prompts"]))
    except EncoderError as error:
        yield f"{key}: {error}"
        return
    if texts["length"] > most:
        yield f"texts.length: {texts['length']}, but {model['name']} takes at most {most} tokens; lower it"


def _tokenizer(weights: Mapping[str, str]) -> str:
    """What tells two tokenizers apart: digest, or repository and commit."""
    if "repository" in weights:
        return f"{weights['repository']} {weights['revision']}"
    return file_digest(local_file(weights, TOKENIZER))
