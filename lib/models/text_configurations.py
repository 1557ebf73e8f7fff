"""Configurations of text encoders (config.json of transformers), read without transformers or torch."""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path

from lib.data.tokens import MOST_IDS
from lib.models.architectures import EncoderError

PROMPTS = ("of_classes", "of_texts")
KINDS = ("bert", "roberta")
_NUMBERS = (
    "vocab_size",
    "hidden_size",
    "num_hidden_layers",
    "num_attention_heads",
    "intermediate_size",
    "max_position_embeddings",
    "type_vocab_size",
)
_OTHERS = ("model_type", "hidden_act", "layer_norm_eps", "pad_token_id")


def read_text_configuration(file: Path, *, prompts: str) -> dict[str, object]:
    """What decides the function of a text encoder: `config`, of its config.json, `prompts`, one of PROMPTS, and `mask`,
    the id of the mask, where prompts are of texts.

    Raises EncoderError for a file that is none, for a kind that is not in KINDS, and for one without a language model's
    head where prompts are of texts.
    """
    try:
        found = json.loads(file.read_text("utf-8"))
    except (OSError, ValueError) as error:
        raise EncoderError(
            f"{file} cannot be read ({error}), expected a configuration of transformers; fetch the model again"
        ) from error
    missing = [name for name in (*_NUMBERS, *_OTHERS) if not isinstance(found, Mapping) or name not in found]
    if missing:
        raise EncoderError(f"{file} lacks {', '.join(missing)}, expected the configuration of a BERT or RoBERTa")
    wrong = [name for name in _NUMBERS if type(found[name]) is not int or found[name] < 1]
    if wrong:
        raise EncoderError(f"{file}: {wrong[0]} is {found[wrong[0]]!r:.50}, expected a whole number from 1")
    _require_known(file, found, prompts)
    mask = {"mask": found["mask_token_id"]} if prompts == "of_texts" else {}
    return {"config": {name: found[name] for name in (*_NUMBERS, *_OTHERS)}, "prompts": prompts, **mask}


def _require_known(file: Path, found: Mapping[str, object], prompts: str) -> None:
    kind = found["model_type"]
    if kind not in KINDS:
        raise EncoderError(f"{file}: model_type is {kind!r}, expected one of {', '.join(KINDS)}; choose another model")
    if found.get("position_embedding_type", "absolute") != "absolute":
        raise EncoderError(f"{file}: positions are not absolute; choose another model")
    if found["vocab_size"] > MOST_IDS:
        raise EncoderError(f"{file}: {found['vocab_size']} tokens, expected at most {MOST_IDS}; choose another model")
    if prompts == "of_texts" and kind != "roberta":
        raise EncoderError(
            f"{file}: model_type is {kind}, but prompts of texts are read at the mask of a roberta; set prompts: "
            "of_classes, or choose another model"
        )
    if prompts == "of_texts" and type(found.get("mask_token_id")) is not int:
        raise EncoderError(
            f"{file} does not say mask_token_id, the id of the tokenizer's mask; write it into a copy of the file and "
            "name that under `configuration`"
        )


def most_tokens(configuration: Mapping[str, object]) -> int:
    """The longest text that the encoder takes. RoBERTa's first position is pad_token_id + 1."""
    config = configuration["config"]
    taken = config["pad_token_id"] + 1 if config["model_type"] == "roberta" else 0
    return config["max_position_embeddings"] - taken
