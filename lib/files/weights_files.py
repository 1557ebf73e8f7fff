"""Files of weights that others made: found, looked at cheaply before any job, and read without executing anything.

safetensors, and torch.save's zip format (torch 1.6 or later). Importing this module imports no torch.
"""

from __future__ import annotations

import os
import stat
from pathlib import Path
from typing import TYPE_CHECKING

from lib.files import checkpoints
from lib.files.checkpoints import CheckpointError
from lib.files.safetensors_header import require_header
from lib.files.torch_archive import TorchArchive

if TYPE_CHECKING:
    from torch import Tensor

FOLDER_FILES = (
    "model.safetensors",
    "open_clip_model.safetensors",
    "pytorch_model.bin",
    "open_clip_pytorch_model.bin",
)
_KINDS = {  # first bytes -> what such a file is
    b"version https://git-lfs": "a git-lfs pointer",
    b"\x80": "an older pickle",
    b"\x1f\x8b": "compressed by gzip",
    b"BZh": "compressed by bzip2",
    b"\xfd7zXZ": "compressed by xz",
    b"(\xb5/\xfd": "compressed by zstd",
    b"\x89PNG": "an image",
    b"\xff\xd8\xff": "an image",
    b"%PDF": "a PDF",
    b"\x93NUMPY": "an array of numpy",
    b"\x89HDF": "a file of HDF5",
    b"GGUF": "a file of GGUF",
}
_PAGES = (b"<!doctype", b"<html", b"<?xml", b"<head")


def weights_file(path: str | os.PathLike) -> Path:
    """The file of weights: `path`, or the first of FOLDER_FILES in the folder `path`. Raises CheckpointError."""
    path = Path(path)
    if not stat.S_ISDIR(_state(path).st_mode):
        return path
    inside = [path / name for name in FOLDER_FILES if (path / name).is_file()]
    if inside:
        return inside[0]
    raise CheckpointError(
        f"the folder {path} holds none of {', '.join(FOLDER_FILES)}: name a file (shards: join them first)"
    )


def require_weights(path: str | os.PathLike) -> None:
    """Raise CheckpointError unless `path` is one readable file of safetensors or torch.save, by its header alone.

    It reads a few bytes and the header or the zip file's directory, never the values, and imports no torch: cheap
    enough before any job.
    """
    _require_regular(path)
    try:
        with open(path, "rb") as file:
            start = file.read(64)
    except OSError as error:
        raise CheckpointError(f"{path} cannot be read ({error.strerror}): correct its permissions") from error
    if start.startswith(b"PK"):
        _require_archive(path)
    elif start[8:9] == b"{":
        require_header(path)
    else:
        raise _other_kind(path, start)


def read(path: str | os.PathLike) -> dict[str, Tensor]:
    """All tensors of a checkpoint under their own names; nothing of the file is executed.

    path: a safetensors file, a file of torch.save (state dict, wrapped or not, or a pickled module), or a folder that
    `weights_file` knows. Raises CheckpointError for any other file.
    """
    path = weights_file(path)
    require_weights(path)
    with open(path, "rb") as file:
        archive = file.read(2) == b"PK"
    if archive:
        from lib.files import safe_pickle

        return safe_pickle.named_tensors(path)
    try:
        return checkpoints.load(path, finite=False)
    except CheckpointError as error:
        raise CheckpointError(f"{path} is no complete safetensors file ({error.__cause__}). Fetch it again.") from error


def _state(path: str | os.PathLike) -> os.stat_result:
    try:
        return os.stat(path)
    except FileNotFoundError as error:
        hint = "it is a link to a file that is absent" if os.path.islink(path) else "correct the path"
        raise CheckpointError(f"no checkpoint at {path}: {hint}") from error
    except (OSError, ValueError) as error:
        raise CheckpointError(f"no checkpoint can be at {str(path)[:200]!r} ({error}): correct the path") from error


def _require_regular(path: str | os.PathLike) -> None:
    """A regular file with something in it; others are not opened: a pipe's reader waits for its writer."""
    state = _state(path)
    if stat.S_ISDIR(state.st_mode):
        raise CheckpointError(f"{path} is a folder, expected one file of weights: name the file in it")
    if not stat.S_ISREG(state.st_mode):
        raise CheckpointError(f"{path} is a device, pipe or socket, expected a file of weights: correct the path")
    if not state.st_size:
        raise CheckpointError(
            f"{path} has 0 bytes, expected weights. Likely cause: an interrupted download. Fetch it again."
        )


def _require_archive(path: str | os.PathLike) -> None:
    try:
        TorchArchive(path).close()
    except CheckpointError:
        raise
    except Exception as error:  # a damaged directory may fail in any way
        raise CheckpointError(
            f"{path} is no complete file of torch.save ({str(error)[:200]}). Likely cause: an incomplete download or "
            "copy. Compare its size with its source's and fetch it again."
        ) from error


def _other_kind(path: str | os.PathLike, start: bytes) -> CheckpointError:
    kind = next((kind for first, kind in _KINDS.items() if start.startswith(first)), None)
    if kind is None and start.lstrip().lower().startswith(_PAGES):
        kind = "a web page"
    elif kind is None and start.isascii() and b"\0" not in start:
        kind = "text"
    return CheckpointError(
        f"{path} starts with {start[:16]!r}{f' ({kind})' if kind else ''}, expected safetensors or the zip format of "
        "torch.save (torch 1.6 or later). Next step: for a git-lfs pointer, run `git lfs pull`; for a web page, fetch "
        "the file behind it, with the permission that it may want; unpack what is compressed; load a bare or older "
        "pickle, or another format, where you trust it and save its state_dict() as safetensors."
    )
