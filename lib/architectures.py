"""open_clip's model configurations: names, sizes and activations of CLIPs, read without open_clip or torch."""

from __future__ import annotations

import difflib
import json
import os
from collections.abc import Mapping
from importlib.util import find_spec
from pathlib import Path


class EncoderError(ValueError):
    """An architecture, an activation or a weights file that does not fit."""


def installed() -> bool:
    """Whether open_clip's own configurations are at hand: a login node that only submits jobs may lack them."""
    return find_spec("open_clip") is not None


def read_configuration(architecture: str, architectures: str | os.PathLike | None = None) -> dict:
    """open_clip's model configuration of that name, from `architectures` or its own folder. Raises EncoderError."""
    package = find_spec("open_clip")
    own = [Path(package.submodule_search_locations[0]) / "model_configs"] if package else []
    folders = [*([] if architectures is None else [Path(architectures)]), *own]
    for folder in folders:
        file = folder / f"{architecture}.json"
        if file.is_file():
            return json.loads(file.read_text())
    known = sorted(file.stem for folder in folders for file in folder.glob("*.json"))
    close = difflib.get_close_matches(architecture, known, n=3)
    hint = f"did you mean {' or '.join(close)}?" if close else "see open_clip.list_models()"
    raise EncoderError(f"open_clip knows no architecture {architecture!r}: {hint}")


def image_size(configuration: Mapping) -> int:
    """The side, in pixels, of the square pictures that the image tower takes."""
    size = configuration["vision_cfg"].get("image_size", 224)
    return size if isinstance(size, int) else size[0]


def activation(configuration: Mapping) -> str:
    """The activation of the towers' blocks, "quick_gelu" or "gelu"."""
    return "quick_gelu" if configuration.get("quick_gelu") else "gelu"


def require_vit(configuration: Mapping) -> None:
    """Raise EncoderError unless the image tower is one of open_clip's own ViTs."""
    vision = configuration["vision_cfg"]
    if "timm_model_name" in vision or "patch_size" not in vision or not isinstance(vision.get("layers"), int):
        raise EncoderError(
            f"only open_clip's own ViTs can be edited, got the image tower {dict(vision)}; choose an architecture with "
            "patch_size and a number of layers in its vision_cfg, such as ViT-B-32-quickgelu"
        )
