"""The plain ViT: `lib.models.vit`, without open_clip, which takes longer to import than many a job takes to run."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from torch import Tensor

from lib.models.architectures import activation, image_size
from lib.models.encoders.interface import ImageEncoder, Parameters
from lib.models.vit import VitShape, vit


@dataclass(frozen=True, kw_only=True)
class PlainVit(ImageEncoder):
    """recompute: in training, make the activations of each block again in the backward pass."""

    shape: VitShape
    recompute: bool = False

    @classmethod
    def of(cls, configuration: Mapping, *, recompute: bool = False) -> PlainVit:
        """The encoder of a model configuration of open_clip's."""
        vision = configuration["vision_cfg"]
        patch = vision.get("patch_size", 16)
        shape = VitShape(
            patch_size=(patch, patch) if isinstance(patch, int) else tuple(patch),
            layers=vision.get("layers", 12),
            heads=vision.get("width", 768) // vision.get("head_width", 64),
            activation=activation(configuration),
        )
        return cls(image_size(configuration), shape=shape, recompute=recompute)

    def value(self, theta: Parameters, x: Tensor) -> Tensor:
        """See `ImageEncoder.value`."""
        return vit(self.shape, theta, x, recompute=self.recompute)
