"""What fine-tuning and evaluation ask of an encoder, and how image towers see images."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Protocol

import torch
from torch import Tensor

Parameters = Mapping[str, Tensor]
Model = Callable[[Parameters, Tensor], Tensor]
OPENAI_MEAN = (0.48145466, 0.4578275, 0.40821073)
OPENAI_STD = (0.26862954, 0.26130258, 0.27577711)


class Encoder(Protocol):
    """A model without parameters of its own: they come with each call.

    f below is the embedding before L2 normalisation. Logits are cosines with a head, so they are not linear in theta.
    """

    def encode(self, theta: Parameters, inputs: Tensor) -> Tensor:
        """f(x; theta), Float[Tensor, "n d"]; differentiable in theta."""

    def model_at(self, theta_0: Parameters) -> Model:
        """(theta, inputs) -> Float[Tensor, "n d"], what fine-tuning from theta_0 trains; differentiable in theta."""


class TangentEncoder(Encoder, Protocol):
    """An encoder that is trained and evaluated as its tangent model at theta_0."""

    def value_and_tangents(
        self, theta_0: Parameters, taus: Sequence[Parameters], inputs: Tensor
    ) -> tuple[Tensor, list[Tensor]]:
        """(f(x; theta_0), [J tau_1, ...]), each Float[Tensor, "n d"], without a tape."""

    def tangent_at(self, theta_0: Parameters) -> Model:
        """(tau, inputs) -> J tau, Float[Tensor, "n d"]; differentiable in tau, and zero at tau = 0."""


@dataclass(frozen=True)
class ImageEncoder(ABC):
    """An image tower of CLIP's: images UInt8[Tensor, "n s s 3"] in, embeddings out. A kind gives `value`.

    mean, std: per channel, of pixels in [0, 1].
    """

    image_size: int
    mean: tuple[float, float, float] = OPENAI_MEAN
    std: tuple[float, float, float] = OPENAI_STD

    @abstractmethod
    def value(self, theta: Parameters, x: Tensor) -> Tensor:
        """f(x; theta), Float[Tensor, "n d"], of normalised images x, Float[Tensor, "n 3 s s"]."""

    def normalised(self, images: Tensor) -> Tensor:
        """UInt8[Tensor, "n s s 3"] to Float[Tensor, "n 3 s s"]: ToTensor, then (x - mean) / std."""
        x = images.permute(0, 3, 1, 2).to(torch.float32).div_(255)
        mean, std = (torch.tensor(v, device=x.device).view(3, 1, 1) for v in (self.mean, self.std))
        return x.sub_(mean).div_(std).contiguous()

    def encode(self, theta: Parameters, images: Tensor) -> Tensor:
        """f(x; theta), Float[Tensor, "n d"], of images; differentiable in theta."""
        return self.value(theta, self.normalised(images))

    def model_at(self, theta_0: Parameters) -> Model:
        """The encoder itself: it is trained as a non-linear function of theta."""
        return self.encode
