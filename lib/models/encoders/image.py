"""The encoder of an image tower: a plain ViT where the configuration is one, else open_clip's own module."""

from __future__ import annotations

from collections.abc import Mapping

from torch import nn

from lib.models.architectures import EncoderError, image_size, is_plain_vit
from lib.models.encoders.interface import ImageEncoder
from lib.models.encoders.plain_vit import PlainVit
from lib.models.encoders.torch_module import TorchModule
from lib.models.vit import NoPlainVit, shape_of

__all__ = ["encoder_of", "image_encoder"]


def image_encoder(configuration: Mapping, *, recompute: bool = False) -> ImageEncoder:
    """The encoder of a model configuration of open_clip's (its part for images is enough), without weights.

    Raises EncoderError for `recompute` with anything but a plain ViT.
    """
    if is_plain_vit(configuration):
        return PlainVit.of(configuration, recompute=recompute)
    if recompute:
        raise EncoderError(
            f"activations can be recomputed in plain ViTs only, got a tower of {image_size(configuration)} pixels with "
            f"{dict(configuration['vision_cfg'])}; set activation_checkpointing: false for this model, and raise "
            "`accumulate` if its memory is short"
        )
    return TorchModule.of(configuration)


def encoder_of(model: nn.Module) -> ImageEncoder:
    """The encoder of a CLIP that is already built. Its tower's tensors are not read."""
    size = int(model.visual.image_size[0])
    try:
        return PlainVit(size, shape=shape_of(model.visual))
    except NoPlainVit:
        return TorchModule(size, build=lambda: model.visual)
