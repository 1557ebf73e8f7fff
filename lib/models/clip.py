"""open_clip's whole CLIP: from a file of weights or at random, checked, and theta_0, its image tower's parameters."""

from __future__ import annotations

import logging
import math
import os
from collections.abc import Mapping
from importlib import import_module
from pathlib import Path

import torch
from torch import Tensor, nn

from lib.files import weights_files
from lib.files.checkpoints import CheckpointError
from lib.models.architectures import EncoderError, read_configuration
from lib.parameters import ParameterMismatch, require_same_names


def load_clip(architecture: str, weights: str | os.PathLike, *, architectures: Path | None = None) -> nn.Module:
    """open_clip's whole CLIP, text tower included, with the weights of a local file.

    weights: what `lib.files.weights_files.read` reads, which executes nothing: a state dict, or one under "state_dict".
    Position embeddings of another length are interpolated, as open_clip does. architectures: a folder of further
    open_clip model configurations (JSON). Raises EncoderError if the file is none of weights, or if they do not fit: in
    their names, shapes or types, or by a value that is not finite.
    """
    _register(architecture, architectures)
    try:
        tensors = weights_files.read(weights)
    except CheckpointError as error:
        raise EncoderError(str(error)) from error
    model = _built(architecture)
    state = _in_open_clips_layout(tensors, model)
    _require_fit(state, model.state_dict(), f"{weights} does not fit the architecture {architecture!r}")
    model.load_state_dict(state)
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


def _built(architecture: str) -> nn.Module:
    """The CLIP, its weights still to be read."""
    import open_clip

    before = logging.root.manager.disable
    logging.disable(logging.WARNING)  # open_clip warns that the weights are random
    try:
        return open_clip.create_model(architecture, pretrained_text=False)
    except (RuntimeError, ValueError, TypeError, AssertionError, LookupError) as error:
        raise EncoderError(
            f"open_clip cannot build the architecture {architecture!r} ({type(error).__name__}: {str(error)[:300]}): "
            "correct its JSON, or choose another"
        ) from error
    finally:
        logging.disable(before)


def _in_open_clips_layout(tensors: Mapping[str, Tensor], model: nn.Module) -> dict[str, Tensor]:
    """What `open_clip.factory.load_checkpoint` makes of a file's state dict before it loads it."""
    from open_clip.model import convert_to_custom_text_state_dict, resize_pos_embed, resize_text_pos_embed

    expected = model.state_dict()
    state = _behind(_behind(tensors, "state_dict."), "module.")
    if "positional_embedding" in state and "text.positional_embedding" in expected:
        state = convert_to_custom_text_state_dict(state)
    for name in ("logit_scale", "logit_bias"):
        if name in state and name in expected and state[name].numel() == 1:
            state[name] = state[name].reshape(expected[name].shape)
    if "logit_bias" in expected and "logit_bias" not in state and "logit_scale" in state:
        state["logit_bias"] = torch.zeros_like(state["logit_scale"])
    state.pop("text.transformer.embeddings.position_ids", None)
    for name in ("visual.positional_embedding", "positional_embedding", "text.positional_embedding"):
        if name in expected and name in state and _is_resizable(state[name], expected[name]):
            if name.startswith("visual") and _is_grid(len(state[name])):
                resize_pos_embed(state, model)
            elif not name.startswith("visual"):
                resize_text_pos_embed(state, model)
    return state


def _behind(tensors: Mapping[str, Tensor], prefix: str) -> dict[str, Tensor]:
    """The tensors whose names have the prefix, without it; all of them if none has."""
    inside = {name.removeprefix(prefix): value for name, value in tensors.items() if name.startswith(prefix)}
    return inside or dict(tensors)


def _is_resizable(value: Tensor, expected: Tensor) -> bool:
    """Whether these are position embeddings Float[n, d] of the expected width."""
    wide = value.ndim == expected.ndim == 2 and value.shape[1] == expected.shape[1]
    return wide and len(value) > 0 and value.dtype in _FLOATS


def _is_grid(positions: int) -> bool:
    """Whether there is one position for the class and one for each cell of a square."""
    return positions > 1 and math.isqrt(positions - 1) ** 2 == positions - 1


def _require_fit(state: Mapping[str, Tensor], expected: Mapping[str, Tensor], what: str) -> None:
    try:
        require_same_names(expected, state, what=what)
    except ParameterMismatch as error:
        raise EncoderError(f"{error} Name weights of the whole CLIP in this architecture.") from error
    for name, value in state.items():
        if expected[name].is_floating_point() != (value.dtype in _FLOATS):
            raise EncoderError(
                f"{what}: {name} has the type {value.dtype}, expected {expected[name].dtype} or another of its kind. "
                "Save the weights in float32, float16 or bfloat16."
            )
        if bad := int(value.float().isfinite().logical_not().sum()):
            raise EncoderError(
                f"{what}: {bad} of {value.numel()} values of {name} are NaN or infinite in float32, expected none. "
                "Likely causes: a diverged training or a damaged file. Fetch it again, or choose an earlier one."
            )


_FLOATS = {torch.float16, torch.bfloat16, torch.float32, torch.float64}


def _register(architecture: str, architectures: str | os.PathLike | None) -> None:
    read_configuration(architecture, architectures)
    if architectures is not None and (file := Path(architectures) / f"{architecture}.json").is_file():
        import open_clip

        open_clip.add_model_config(file)
