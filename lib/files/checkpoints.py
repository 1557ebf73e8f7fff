"""Checkpoints: named tensors in safetensors files, never pickled modules."""

from __future__ import annotations

import os
from collections.abc import Mapping

from lib.files import atomic


class CheckpointError(ValueError):
    """A checkpoint that cannot be read, or that does not fit."""


def save(path: str | os.PathLike, tensors: Mapping[str, object], metadata: Mapping[str, str] | None = None) -> None:
    """Write named tensors (all torch, or all numpy) to `path`, whole or not at all."""
    first = next(iter(tensors.values()))
    if type(first).__module__.startswith("torch"):
        from safetensors.torch import save_file

        tensors = {name: tensor.detach().cpu().contiguous() for name, tensor in tensors.items()}
    else:
        from safetensors.numpy import save_file
    with atomic.whole(path) as temporary:
        save_file(dict(tensors), str(temporary), metadata=dict(metadata or {}))


def load(path: str | os.PathLike, *, framework: str = "pt") -> dict:
    """Read all named tensors of a safetensors file; framework "pt" gives torch tensors, "np" numpy arrays.

    Raises CheckpointError if the file is missing, truncated or no safetensors file.
    """
    with _opened(path, framework) as file:
        return {name: file.get_tensor(name) for name in file.keys()}  # noqa: SIM118 (no mapping)


def metadata(path: str | os.PathLike) -> dict[str, str]:
    """The metadata of a safetensors file, without reading its tensors."""
    with _opened(path, "np") as file:
        return dict(file.metadata() or {})


def _opened(path: str | os.PathLike, framework: str):
    from safetensors import SafetensorError, safe_open

    try:
        return safe_open(str(path), framework=framework)
    except FileNotFoundError as error:
        raise CheckpointError(f"no checkpoint at {path}. Run the rule that makes it, or correct the path.") from error
    except (SafetensorError, OSError) as error:
        raise CheckpointError(
            f"{path} is no complete safetensors file ({error}). Delete it and run its rule again."
        ) from error
