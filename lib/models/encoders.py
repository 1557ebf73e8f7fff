"""An open_clip model as functions of its parameters: the image encoder f(x; theta) that task arithmetic edits."""

from __future__ import annotations

import os
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import cached_property, partial
from pathlib import Path

import torch
from torch import Tensor, nn

from lib.models import linearize, tangent_vit
from lib.models.architectures import EncoderError, activation, image_size, is_plain_vit, read_configuration

Parameters = Mapping[str, Tensor]
OPENAI_MEAN = (0.48145466, 0.4578275, 0.40821073)
OPENAI_STD = (0.26862954, 0.26130258, 0.27577711)


@dataclass(frozen=True)
class ImageEncoder:
    """The image tower of a CLIP without parameters of its own: they come with each call.

    shape: of a plain ViT, whose functions are in `lib.models.tangent_vit`; None for any other tower, which is then called as
    the module that `build` makes. mean, std: per channel, of pixels in [0, 1]. recompute: in training, make the
    activations of each block again in the backward pass instead of keeping them. `f` below is the embedding before L2
    normalisation; logits are cosines with a head and so are not linear in theta.
    """

    shape: tangent_vit.TowerShape | None
    build: Callable[[], nn.Module]
    image_size: int
    mean: tuple[float, float, float] = OPENAI_MEAN
    std: tuple[float, float, float] = OPENAI_STD
    recompute: bool = False

    def normalised(self, images: Tensor) -> Tensor:
        """UInt8[b, s, s, 3] to Float32[b, 3, s, s]: ToTensor, then (x - mean) / std."""
        x = images.permute(0, 3, 1, 2).to(torch.float32).div_(255)
        mean, std = (torch.tensor(v, device=x.device).view(3, 1, 1) for v in (self.mean, self.std))
        return x.sub_(mean).div_(std).contiguous()

    def encode(self, theta: Parameters, images: Tensor) -> Tensor:
        """f(x; theta), Float[b, d], of images UInt8[b, s, s, 3]; differentiable in theta."""
        x = self.normalised(images)
        if self.shape is None:
            return self.call_tower(theta, x)
        return tangent_vit.value_and_tangents(self.shape, theta, [], x, recompute=self.recompute)[0]

    def call_tower(self, theta: Parameters, x: Tensor) -> Tensor:
        """open_clip's own forward pass on normalised images, with theta in the place of its parameters."""
        return torch.func.functional_call(self.tower, dict(theta), (x,))

    def value_and_tangents(self, theta_0: Parameters, taus: list[Parameters], images: Tensor):
        """(f(x; theta_0), [J tau_1, ...]), each Float[b, d], without a tape: all that edited tangent models need."""
        x = self.normalised(images)
        if self.shape is not None:
            return tangent_vit.value_and_tangents(self.shape, theta_0, taus, x)
        pairs = [linearize.jvp(self.call_tower, theta_0, tau, x) for tau in taus]
        return pairs[0][0], [tangent for _, tangent in pairs]

    def tangent_model(self, theta_0: Parameters):
        """f_lin(tau, images) = f(x; theta_0) + J tau, differentiable in tau."""
        if self.shape is None:
            f_lin = linearize.linearize(self.call_tower, theta_0)
        else:
            f_lin = tangent_vit.linearize_vit(self.shape, theta_0, recompute=self.recompute)
        return lambda tau, images: f_lin(tau, self.normalised(images))

    def tangent_model_at(self, theta_0: Parameters):
        """The same as a function of theta = theta_0 + tau: (theta, images) -> f_lin(tau, images)."""
        if self.shape is None:
            f_lin = self.tangent_model(theta_0)
            return lambda theta, images: f_lin({name: theta[name] - theta_0[name] for name in theta_0}, images)
        model = tangent_vit.linearize_vit_at(self.shape, theta_0, recompute=self.recompute)
        return lambda theta, images: model(theta, self.normalised(images))

    @cached_property
    def tower(self) -> nn.Module:
        """open_clip's module, on the meta device: it has names and layers, but no numbers."""
        return self.build()


def image_encoder(
    architecture: str, *, architectures: str | os.PathLike | None = None, recompute: bool = False
) -> ImageEncoder:
    """The encoder of an open_clip architecture, without weights. Raises EncoderError for an unknown name, and for
    `recompute` with anything but a plain ViT.

    architectures: a folder of further open_clip model configurations (JSON). For a plain ViT open_clip itself is not
    imported, which would take longer than many a job.
    """
    configuration = read_configuration(architecture, architectures)
    shape = _shape(configuration)
    if recompute and shape is None:
        raise EncoderError(
            f"{architecture}: activations can be recomputed in plain ViTs only; set activation_checkpointing: false "
            "for this model, and raise `accumulate` if its memory is short"
        )
    return ImageEncoder(shape, partial(_empty_tower, configuration), image_size(configuration), recompute=recompute)


def encoder_of(model: nn.Module) -> ImageEncoder:
    """The encoder of a CLIP that is already built. Its tower's tensors are not read."""
    try:
        shape = tangent_vit.shape_of(model.visual)
    except TypeError:
        shape = None
    return ImageEncoder(shape, lambda: model.visual, int(model.visual.image_size[0]))


def require_same_function(model: nn.Module, encoder: ImageEncoder) -> None:
    """Raise EncoderError unless `encoder` computes what open_clip's own tower does, within float32's rounding."""
    x = torch.randn(2, 3, encoder.image_size, encoder.image_size, generator=torch.Generator().manual_seed(0))
    theta = tower_parameters(model)
    with torch.no_grad():
        expected = model.visual(x)
        if encoder.shape is None:
            found = encoder.call_tower(theta, x)
        else:
            found = tangent_vit.value_and_tangents(encoder.shape, theta, [], x)[0]
    if (found - expected).norm() > 1e-4 * expected.norm():
        raise EncoderError(
            "the image tower and its functional form disagree; likely causes: an activation or a number of heads that "
            "the architecture's JSON does not state, or another version of open_clip"
        )


def load_clip(architecture: str, weights: str | os.PathLike, *, architectures: Path | None = None) -> nn.Module:
    """open_clip's whole CLIP, text tower included, with the weights of a local file. Raises EncoderError if they do
    not fit.
    """
    import open_clip

    _register(architecture, architectures)
    try:
        model = open_clip.create_model(architecture, pretrained=str(weights))
    except (RuntimeError, FileNotFoundError, KeyError) as error:
        raise EncoderError(f"{weights} does not fit the architecture {architecture!r}: {error}") from error
    return model.eval()


def random_clip(architecture: str, *, seed: int, architectures: Path | None = None) -> nn.Module:
    """open_clip's CLIP with random weights drawn from `seed`."""
    import open_clip

    _register(architecture, architectures)
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


def _shape(configuration: Mapping) -> tangent_vit.TowerShape | None:
    """The shape of a plain ViT, or None if the configuration asks for anything else."""
    if not is_plain_vit(configuration):
        return None
    vision = configuration["vision_cfg"]
    patch = vision.get("patch_size", 16)
    return tangent_vit.TowerShape(
        patch_size=(patch, patch) if isinstance(patch, int) else tuple(patch),
        layers=vision.get("layers", 12),
        heads=vision.get("width", 768) // vision.get("head_width", 64),
        activation=activation(configuration),
    )


def _empty_tower(configuration: Mapping) -> nn.Module:
    import open_clip

    known = {key: configuration[key] for key in _CLIP_ARGUMENTS if key in configuration}
    with torch.device("meta"):
        return open_clip.CLIP(**known).visual.eval()


_CLIP_ARGUMENTS = ("embed_dim", "vision_cfg", "text_cfg", "quick_gelu")


def _register(architecture: str, architectures: str | os.PathLike | None) -> None:
    read_configuration(architecture, architectures)
    if architectures is not None:
        import open_clip

        open_clip.add_model_config(Path(architectures))
