"""open_clip's model configurations: names, sizes and activations of CLIPs, read without open_clip or torch."""

from __future__ import annotations

import difflib
import json
import os
import stat
from collections.abc import Mapping
from importlib.util import find_spec
from pathlib import Path

MOST_BYTES = 1_000_000  # of a model configuration, which has 500


class EncoderError(ValueError):
    """An architecture, an activation or a weights file that does not fit."""


class OpenClipMissing(EncoderError):
    """open_clip is not installed, so its architectures cannot be looked up: on a login node that only submits jobs."""


def read_configuration(architecture: str, architectures: str | os.PathLike | None = None) -> dict:
    """open_clip's model configuration of that name, from `architectures` or its own folder.

    What its keys may hold is `lib.models.configuration_rules`. Raises EncoderError for an unknown name, a folder that
    is none or a file that is no model configuration, OpenClipMissing.
    """
    if not architecture or architecture.startswith(".") or set(architecture) & set("/\\:\0"):
        raise EncoderError(
            f"{architecture!r} cannot name an architecture: expected the name of a JSON file without its folder and "
            "ending, such as ViT-B-32-quickgelu; name the folder under `architectures`"
        )
    if architectures is not None and not os.path.isdir(architectures):
        raise EncoderError(f"{architectures} is no folder, expected one of model configurations: correct its path")
    package = find_spec("open_clip")
    own = [Path(package.submodule_search_locations[0]) / "model_configs"] if package else []
    folders = [*([] if architectures is None else [Path(architectures)]), *own]
    for folder in folders:
        file = folder / f"{architecture}.json"
        if os.path.lexists(file):
            return _parsed(file)
    if not own:
        raise OpenClipMissing(f"open_clip is not installed here, so {architecture!r} cannot be looked up: `make setup`")
    known = sorted(file.stem for folder in folders for file in folder.glob("*.json"))
    close = difflib.get_close_matches(architecture, known, n=3)
    hint = f"did you mean {' or '.join(close)}?" if close else "see open_clip.list_models()"
    raise EncoderError(f"open_clip knows no architecture {architecture[:100]!r}: {hint}")


def _parsed(file: Path) -> dict:
    try:
        configuration = json.loads(_text(file), object_pairs_hook=_once, parse_constant=_no_number)
    except (ValueError, RecursionError) as error:
        if isinstance(error, EncoderError):
            raise
        raise EncoderError(
            f"{file} is not JSON ({str(error)[:200]}): correct it, or copy one of open_clip's"
        ) from error
    if not isinstance(configuration, dict) or not isinstance(configuration.get("vision_cfg"), dict):
        raise EncoderError(
            f"{file} has no vision_cfg, expected a mapping with embed_dim, vision_cfg and text_cfg: it is no model "
            "configuration of open_clip's; copy one of those and change it"
        )
    return configuration


def _text(file: Path) -> str:
    try:
        state = os.stat(file)
        if not stat.S_ISREG(state.st_mode) or not 0 < state.st_size <= MOST_BYTES:
            kind = f"a file of {state.st_size} bytes" if stat.S_ISREG(state.st_mode) else "no regular file"
            raise EncoderError(
                f"{file} is {kind}, expected a model configuration of 1 to {MOST_BYTES} bytes: correct the name, or "
                "copy one of open_clip's"
            )
        return file.read_text("utf-8")
    except OSError as error:
        raise EncoderError(f"{file} cannot be read ({error.strerror}): correct the path or its permissions") from error


def _once(pairs: list[tuple[str, object]]) -> dict:
    found: dict = {}
    for key, value in pairs:
        if key in found:
            raise ValueError(f"the key {key[:80]!r} stands there twice")
        found[key] = value
    return found


def _no_number(name: str) -> None:
    raise ValueError(f"{name} is no number of JSON")


def image_part(configuration: Mapping) -> dict:
    """What decides the image tower's function: all that a job needs which never sees a text."""
    return {key: configuration[key] for key in ("embed_dim", "quick_gelu", "vision_cfg") if key in configuration}


def vocabulary_file(vocabulary: str | os.PathLike | None) -> Path | None:
    """The merges file of a tokenizer: the given one, or open_clip's own; None where open_clip is not installed."""
    if vocabulary is not None:
        return Path(vocabulary)
    package = find_spec("open_clip")
    return Path(package.submodule_search_locations[0]) / "bpe_simple_vocab_16e6.txt.gz" if package else None


def image_size(configuration: Mapping) -> int:
    """The side, in pixels, of the square images that the image tower takes."""
    size = configuration["vision_cfg"].get("image_size", 224)
    return size if isinstance(size, int) else size[0]


def activation(configuration: Mapping) -> str:
    """The activation of the towers' blocks, "quick_gelu" or "gelu"."""
    return "quick_gelu" if configuration.get("quick_gelu") else "gelu"


def is_plain_vit(configuration: Mapping) -> bool:
    """Whether the image tower is a ViT without extras, whose function is `lib.models.vit`."""
    vision = configuration["vision_cfg"]
    return vision.keys() <= _PLAIN and isinstance(vision.get("layers", 12), int)


_PLAIN = {"image_size", "patch_size", "width", "layers", "head_width", "mlp_ratio"}


def require_vit(configuration: Mapping) -> None:
    """Raise EncoderError unless the image tower is one of open_clip's own ViTs."""
    vision = configuration["vision_cfg"]
    if "timm_model_name" in vision or not all(type(vision.get(key)) is int for key in ("patch_size", "layers")):
        raise EncoderError(
            f"only open_clip's own ViTs can be edited, got the image tower {dict(vision)}; choose an architecture with "
            "patch_size and a number of layers in its vision_cfg, such as ViT-B-32-quickgelu"
        )
