"""Checkpoints: named tensors in safetensors files, never pickled modules."""

from __future__ import annotations

import os
from collections.abc import Collection, Mapping

from lib.files import atomic
from lib.files.own_files import NotFinite


class CheckpointError(ValueError):
    """A checkpoint that cannot be read, or that does not fit."""


def save(path: str | os.PathLike, tensors: Mapping[str, object], metadata: Mapping[str, str] | None = None) -> None:
    """Write named tensors (all torch, or all numpy) to `path`, whole or not at all.

    Raises NotFinite, and writes nothing, for a value that is NaN or infinite.
    """
    first = next(iter(tensors.values()))
    if type(first).__module__.startswith("torch"):
        from safetensors.torch import save_file

        tensors = {name: tensor.detach().cpu().contiguous() for name, tensor in tensors.items()}
    else:
        from safetensors.numpy import save_file
    if bad := _not_finite(tensors):
        raise NotFinite(
            path,
            got=bad,
            expected="none",
            next_step="nothing was written. Likely cause: a diverged training; look at the training log, lower the "
            "learning rate of this mode, and run the same command again",
        )
    with atomic.whole(path) as temporary:
        save_file(dict(tensors), str(temporary), metadata=dict(metadata or {}))


def load(path: str | os.PathLike, *, framework: str = "pt", names: Collection[str] = (), finite: bool = True) -> dict:
    """Read all named tensors of a safetensors file; framework "pt" gives torch tensors, "np" numpy arrays.

    names: tensors that must be there. finite: refuse values that are NaN or infinite; False for others' files, of which
    a part is used and checked. Raises CheckpointError if the file is missing, truncated or no safetensors file, or
    lacks a tensor; NotFinite.
    """
    with _opened(path, framework) as file:
        tensors = {name: file.get_tensor(name) for name in file.keys()}  # noqa: SIM118 (no mapping)
    if absent := [name for name in names if name not in tensors]:
        raise CheckpointError(
            f"{path} has the tensors {', '.join(list(tensors)[:5])}, expected also {', '.join(absent)}. "
            "Delete it and run its rule again."
        )
    if finite and (bad := _not_finite(tensors)):
        raise NotFinite(path, got=bad, expected="none")
    return tensors


def metadata(path: str | os.PathLike) -> dict[str, str]:
    """The metadata of a safetensors file, without reading its tensors."""
    with _opened(path, "np") as file:
        return dict(file.metadata() or {})


def _not_finite(tensors: Mapping[str, object]) -> str:
    """Which floating tensor (torch or numpy) holds how many values that are not finite; "" if none does."""
    bad = {name: count for name, tensor in tensors.items() if (count := _count_not_finite(tensor))}
    if not bad:
        return ""
    name, (count, size) = next(iter(bad.items()))
    return f"{count} of {size} values of {name!r} not finite" + (f" (and {len(bad) - 1} more)" if len(bad) > 1 else "")


def _count_not_finite(tensor) -> tuple[int, int] | None:
    """How many values are not finite, and of how many. A sum is NaN or infinite if one of its terms is, and many times
    faster than a look at each; they are counted only then, as finite terms may overflow, too.
    """
    import numpy as np

    if not isinstance(tensor, np.ndarray):
        if not tensor.is_floating_point() or tensor.sum().isfinite():
            return None
        count, size = int(tensor.isfinite().logical_not().sum()), tensor.numel()
    else:
        with np.errstate(all="ignore"):
            if tensor.dtype.kind != "f" or np.isfinite(tensor.sum()):
                return None
        count, size = int((~np.isfinite(tensor)).sum()), tensor.size
    return (count, size) if count else None


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
