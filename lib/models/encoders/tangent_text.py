"""The tangent model of a text encoder, by `lib.models.linearize`."""

from __future__ import annotations

from collections.abc import Mapping

from lib.models.encoders.linearized import Linearized
from lib.models.encoders.text import TextEncoder


class TangentTextEncoder(Linearized, TextEncoder):
    """A text encoder that is trained and evaluated as its tangent model."""


def text_encoder(configuration: Mapping, *, recompute: bool = False) -> TangentTextEncoder:
    """See `lib.models.encoders.text.text_encoder`."""
    if recompute:
        raise ValueError("a text encoder keeps its activations: set activation_checkpointing: false")
    return TangentTextEncoder(**configuration)


image_encoder = text_encoder  # the name by which jobs ask the module of a model for its encoder
