"""Any image tower that open_clip builds, called as the module it is, with theta in the place of its parameters."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import cached_property, partial

import torch
from torch import Tensor, nn

from lib.models.architectures import image_size
from lib.models.encoders.interface import ImageEncoder, Parameters

_TEXT = {"context_length": 8, "vocab_size": 8, "width": 8, "heads": 1, "layers": 1}  # CLIP wants one; nobody reads it


@dataclass(frozen=True, kw_only=True)
class TorchModule(ImageEncoder):
    """build: () -> the module; it has names and layers, its numbers are never read."""

    build: Callable[[], nn.Module]

    @classmethod
    def of(cls, configuration: Mapping) -> TorchModule:
        """The encoder of a model configuration of open_clip's."""
        return cls(image_size(configuration), build=partial(empty_tower, configuration))

    @cached_property
    def tower(self) -> nn.Module:
        return self.build()

    def value(self, theta: Parameters, x: Tensor) -> Tensor:
        """See `ImageEncoder.value`."""
        return torch.func.functional_call(self.tower, dict(theta), (x,))


def empty_tower(configuration: Mapping) -> nn.Module:
    """open_clip's image tower on the meta device: names and layers without numbers."""
    import open_clip

    image = {key: configuration[key] for key in ("embed_dim", "vision_cfg", "quick_gelu") if key in configuration}
    with torch.device("meta"):
        return open_clip.CLIP(**image, text_cfg=_TEXT).visual.eval()
