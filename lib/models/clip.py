"""open_clip's whole CLIP: from a file of weights or at random, checked, and theta_0, its image tower's parameters."""

from __future__ import annotations

import os
from collections.abc import Mapping
from importlib import import_module
from pathlib import Path

import torch
from torch import Tensor, nn

from lib.models.architectures import EncoderError, read_configuration


def load_clip(architecture: str, weights: str | os.PathLike, *, architectures: Path | None = None) -> nn.Module:
    """open_clip's whole CLIP, text tower included, with the weights of a local file.

    architectures: a folder of further open_clip model configurations (JSON). Raises EncoderError if the weights do not
    fit.
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


def require_same_function(model: nn.Module, configuration: Mapping) -> None:
    """Raise EncoderError unless our encoder computes what open_clip's own image tower does, within float32's rounding.

    configuration: the image part of the model's. The encoder is loaded by name: it is checked here, and changes no byte
    of what is read.
    """
    encoder = import_module("lib.models.encoders.image").image_encoder(configuration)
    x = torch.randn(2, 3, encoder.image_size, encoder.image_size, generator=torch.Generator().manual_seed(0))
    with torch.no_grad():
        expected, found = model.visual(x), encoder.value(tower_parameters(model), x)
    if (found - expected).norm() > 1e-4 * expected.norm():
        raise EncoderError(
            "the image tower and its functional form disagree; likely causes: an activation or a number of heads that "
            "the architecture's JSON does not state, or another version of open_clip"
        )


def _register(architecture: str, architectures: str | os.PathLike | None) -> None:
    read_configuration(architecture, architectures)
    if architectures is not None:
        import open_clip

        open_clip.add_model_config(Path(architectures))
