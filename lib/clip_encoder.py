"""An open_clip model as functions of its parameters: the image encoder f(x; theta) that task arithmetic edits."""

from __future__ import annotations

import os
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

import torch
from torch import Tensor, nn

from lib import linearize, tangent_vit

Parameters = Mapping[str, Tensor]
PRECISIONS = ("float32", "tf32", "bf16")


class EncoderError(ValueError):
    """An architecture, an activation or a weights file that does not fit."""


@dataclass(frozen=True)
class ImageEncoder:
    """The image tower of a CLIP without parameters of its own: they come with each call.

    tower: open_clip's module, whose tensors are never read. mean, std: per channel, of pixels in [0, 1]. `f` below
    is the embedding before L2 normalisation; logits are cosines with a head and so are not linear in theta.
    """

    tower: nn.Module
    image_size: int
    mean: tuple[float, float, float]
    std: tuple[float, float, float]

    def normalised(self, pictures: Tensor) -> Tensor:
        """UInt8[b, s, s, 3] to Float32[b, 3, s, s]: ToTensor, then (x - mean) / std."""
        x = pictures.permute(0, 3, 1, 2).to(torch.float32).div_(255)
        mean, std = (torch.tensor(v, device=x.device).view(3, 1, 1) for v in (self.mean, self.std))
        return x.sub_(mean).div_(std).contiguous()

    def encode(self, theta: Parameters, pictures: Tensor) -> Tensor:
        """f(x; theta), Float[b, d], of pictures UInt8[b, s, s, 3]; differentiable in theta."""
        if self.one_pass:
            return tangent_vit.value_and_tangents(self.tower, theta, [], self.normalised(pictures))[0]
        return self.call_tower(theta, self.normalised(pictures))

    def call_tower(self, theta: Parameters, x: Tensor) -> Tensor:
        """open_clip's own forward pass on normalised pictures, with theta in the place of its parameters."""
        return torch.func.functional_call(self.tower, dict(theta), (x,))

    def value_and_tangents(self, theta_0: Parameters, taus: list[Parameters], pictures: Tensor):
        """(f(x; theta_0), [J tau_1, ...]), each Float[b, d], without a tape: all that an edited tangent model needs."""
        x = self.normalised(pictures)
        if self.one_pass:
            return tangent_vit.value_and_tangents(self.tower, theta_0, taus, x)
        pairs = [linearize.jvp(self.call_tower, theta_0, tau, x) for tau in taus]
        return pairs[0][0], [tangent for _, tangent in pairs]

    def tangent_model(self, theta_0: Parameters):
        """f_lin(tau, pictures) = f(x; theta_0) + J tau, differentiable in tau."""
        make = tangent_vit.linearize_vit if self.one_pass else _general
        f_lin = make(self.tower, theta_0)
        return lambda tau, pictures: f_lin(tau, self.normalised(pictures))

    @cached_property
    def one_pass(self) -> bool:
        """True if every layer of the tower has a rule in `lib.tangent_vit`."""
        try:
            tangent_vit.require_supported(self.tower)
        except TypeError:
            return False
        return True


def image_encoder(architecture: str, *, architectures: Path | None = None) -> ImageEncoder:
    """The encoder of an open_clip architecture, without weights. Raises EncoderError for an unknown name.

    architectures: a folder of further open_clip model configurations (JSON).
    """
    import open_clip

    configuration = _configuration(architecture, architectures)
    with torch.device("meta"):
        tower = open_clip.CLIP(**{k: v for k, v in configuration.items() if k in _CLIP_ARGUMENTS}).visual
    mean, std = open_clip.OPENAI_DATASET_MEAN, open_clip.OPENAI_DATASET_STD
    return ImageEncoder(tower.eval(), int(tower.image_size[0]), tuple(mean), tuple(std))


def load_clip(architecture: str, weights: str | os.PathLike, *, architectures: Path | None = None) -> nn.Module:
    """open_clip's whole CLIP, text tower included, with the weights of a local file. Raises EncoderError if they do
    not fit.
    """
    import open_clip

    _configuration(architecture, architectures)
    try:
        model = open_clip.create_model(architecture, pretrained=str(weights))
    except (RuntimeError, FileNotFoundError, KeyError) as error:
        raise EncoderError(f"{weights} does not fit the architecture {architecture!r}: {error}") from error
    return model.eval()


def random_clip(architecture: str, *, seed: int, architectures: Path | None = None) -> nn.Module:
    """open_clip's CLIP with random weights drawn from `seed`."""
    import open_clip

    _configuration(architecture, architectures)
    torch.manual_seed(seed)
    return open_clip.create_model(architecture).eval()


def require_activation(tower: nn.Module, activation: str) -> None:
    """Raise EncoderError unless every block of the tower uses `activation`, one of "quick_gelu" and "gelu".

    OpenAI's weights were trained with QuickGELU; read into a GELU model they lose some four points on ImageNet in
    silence.
    """
    from open_clip.transformer import QuickGELU

    expected = {"quick_gelu": QuickGELU, "gelu": nn.GELU}[activation]
    for block in tower.transformer.resblocks:
        if not isinstance(block.mlp.gelu, expected):
            raise EncoderError(
                f"the image tower uses {type(block.mlp.gelu).__name__}, but its weights want {expected.__name__}: "
                "choose open_clip's architecture with the suffix -quickgelu, or correct `activation`"
            )


def tower_parameters(model: nn.Module) -> dict[str, Tensor]:
    """theta_0: the parameters of a CLIP's visual tower in float32, under their names inside the tower."""
    return {name: value.detach().float().clone() for name, value in model.visual.named_parameters()}


@contextmanager
def precision(name: str, device_type: str) -> Iterator[None]:
    """Compute in float32 (exact products), tf32 or bf16 (autocast; parameters stay float32) inside the block."""
    if name not in PRECISIONS:
        raise EncoderError(f"precision {name!r} is unknown; choose one of {', '.join(PRECISIONS)}")
    before = torch.get_float32_matmul_precision()
    torch.set_float32_matmul_precision("highest" if name == "float32" else "high")
    try:
        with torch.autocast(device_type, dtype=torch.bfloat16, enabled=name == "bf16"):
            yield
    finally:
        torch.set_float32_matmul_precision(before)


_CLIP_ARGUMENTS = ("embed_dim", "vision_cfg", "text_cfg", "quick_gelu")


def _configuration(architecture: str, architectures: Path | None) -> dict:
    import open_clip

    if architectures is not None:
        open_clip.add_model_config(architectures)
    configuration = open_clip.get_model_config(architecture)
    if configuration is None:
        raise EncoderError(f"open_clip knows no architecture {architecture!r}: see open_clip.list_models()")
    return configuration


def _general(tower: nn.Module, theta_0: Parameters):
    return linearize.linearize(lambda theta, x: torch.func.functional_call(tower, dict(theta), (x,)), theta_0)
