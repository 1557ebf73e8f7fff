"""Weights of a text encoder from a file of transformers', checked against the encoder that they are for."""

from __future__ import annotations

import os

import torch
from torch import Tensor

from lib.files import weights_files
from lib.files.checkpoints import CheckpointError
from lib.models.architectures import EncoderError
from lib.models.encoders.text import TextEncoder


def read_text_encoder(file: str | os.PathLike, encoder: TextEncoder) -> dict[str, Tensor]:
    """theta_0 in float32: what `encoder.shapes` names, from a file that may hold more (poolers, other heads).

    Names may begin with the model's kind, such as "roberta.". Raises EncoderError for a file that is none of weights,
    and for a parameter that is absent, of another shape or not finite.
    """
    try:
        tensors = weights_files.read(file)
    except CheckpointError as error:
        raise EncoderError(str(error)) from error
    prefix = f"{encoder.config['model_type']}."
    stored = {name.removeprefix(prefix): value for name, value in tensors.items()}
    expected = encoder.shapes
    missing = sorted(expected.keys() - stored.keys())
    if missing:
        raise EncoderError(
            f"{file} lacks {len(missing)} of {len(expected)} parameters, such as {', '.join(missing[:3])}; likely "
            "causes: another model's weights, or none of a language model's head where prompts are of texts"
        )
    return {name: _checked(file, name, stored[name], shape) for name, shape in expected.items()}


def _checked(file: str | os.PathLike, name: str, value: Tensor, shape: tuple[int, ...]) -> Tensor:
    if tuple(value.shape) != shape or not value.is_floating_point():
        raise EncoderError(
            f"{file}: {name} is {value.dtype} of the shape {tuple(value.shape)}, expected floats of {shape}; the "
            "weights are not of this configuration"
        )
    if not bool(torch.isfinite(value).all()):
        raise EncoderError(f"{file}: {name} is not finite; fetch the file again")
    return value.float().contiguous()


def require_mask(encoder: TextEncoder, tokenizer, file: str | os.PathLike) -> None:
    """Raise EncoderError unless the configuration's mask and padding are the tokenizer's, and it knows all its ids."""
    config = encoder.config
    if tokenizer.get_vocab_size() > config["vocab_size"]:
        raise EncoderError(
            f"{file} has {tokenizer.get_vocab_size()} tokens, expected at most {config['vocab_size']}, the encoder's; "
            "take the tokenizer that lies beside the weights"
        )
    told = {"<mask>": encoder.mask, "<pad>": config["pad_token_id"]}
    found = {token: tokenizer.token_to_id(token) for token in told}
    if encoder.prompts == "of_texts" and found != told:
        raise EncoderError(f"{file} has the ids {found}, the configuration says {told}; correct mask_token_id")
