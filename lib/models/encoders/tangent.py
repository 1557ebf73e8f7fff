"""The encoder of an image tower with its tangents."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import fields

from lib.models.encoders import image
from lib.models.encoders.interface import ImageEncoder, TangentEncoder
from lib.models.encoders.plain_vit import PlainVit
from lib.models.encoders.tangent_plain_vit import TangentPlainVit
from lib.models.encoders.tangent_torch_module import TangentTorchModule
from lib.models.encoders.torch_module import TorchModule

_WITH_TANGENTS = {PlainVit: TangentPlainVit, TorchModule: TangentTorchModule}


def image_encoder(configuration: Mapping, *, recompute: bool = False) -> TangentEncoder:
    """See `lib.models.encoders.image.image_encoder`."""
    return tangent_of(image.image_encoder(configuration, recompute=recompute))


def tangent_of(encoder: ImageEncoder) -> TangentEncoder:
    """The same tower, trained and evaluated as its tangent model."""
    kind = _WITH_TANGENTS[type(encoder)]
    return kind(**{field.name: getattr(encoder, field.name) for field in fields(encoder)})
