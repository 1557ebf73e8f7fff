"""Digests of files' contents, and the small files beside large ones that hold them.

Snakemake compares small inputs by content and large ones by clock. So a rule that writes a large file X writes
X.sha256, too, in the form of `sha256sum`; what reads X depends on that file, and on X itself whatever its age.
"""

from __future__ import annotations

import contextlib
import hashlib
import json
import os
import re
import time
from pathlib import Path

from lib.files import atomic
from lib.files.own_files import OwnFileError

SUFFIX = ".sha256"
_WORTH_KEEPING = 0.5  # seconds of hashing


def file_digest(path: str | os.PathLike) -> str:
    """sha256 of a file's bytes, 64 hexadecimal digits."""
    with open(path, "rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def write_beside(path: str | os.PathLike) -> str:
    """Write {path}.sha256 and return the digest."""
    path = Path(path)
    digest = file_digest(path)
    atomic.write_text(path.with_name(path.name + SUFFIX), f"{digest}  {path.name}\n")
    return digest


def written_beside(path: str | os.PathLike) -> str | None:
    """The digest in {path}.sha256, None if there is no such file. Raises OwnFileError if that holds anything else."""
    beside = Path(f"{path}{SUFFIX}")
    try:
        content = beside.read_bytes()
    except FileNotFoundError:
        return None
    found = re.fullmatch(rb"([0-9a-f]{64})  [^\n]+\n", content)
    if found is None:
        raise OwnFileError(beside, got=f"{content[:80]!r}", expected="64 hexadecimal digits and a file's name")
    return found[1].decode()


def remembered_digest(path: str | os.PathLike, memory: Path) -> str:
    """sha256 of a file whose path, size and time of change are those in `memory`, a JSON file, without reading it.

    What took long to hash is added to `memory`, if that can be written.
    """
    path = Path(path).resolve()
    state = path.stat()
    key, stamp = str(path), [state.st_size, state.st_mtime_ns]
    known = _read(memory)
    if known.get(key, [None])[:2] == stamp:
        return known[key][2]
    begun = time.monotonic()
    digest = file_digest(path)
    if time.monotonic() - begun > _WORTH_KEEPING:
        with contextlib.suppress(OSError):
            atomic.write_json(memory, {**known, key: [*stamp, digest]})
    return digest


def tree_fingerprint(folder: Path, *, limit: int = 200_000) -> str:
    """sha256 over relative path, size and time of change of the files below a folder; links are followed, but for those
    that lead back to a folder that they lie in.

    Of more than `limit` files it covers those of the folders alone: their entries are then not looked at one by one.
    """
    rows, folders = [], []
    for place, inside, names in os.walk(folder, followlinks=True):
        inside[:] = [name for name in inside if not _leads_back(place, name)]
        folders.append(_row(folder, place))
        if len(rows) <= limit:
            rows += [_row(folder, os.path.join(place, name)) for name in names]
    chosen = folders if len(rows) > limit else rows
    return hashlib.sha256(json.dumps(sorted(chosen)).encode()).hexdigest()


def _leads_back(place: str, name: str) -> bool:
    path = os.path.join(place, name)
    return os.path.islink(path) and Path(os.path.realpath(place)).is_relative_to(os.path.realpath(path))


def _row(folder: Path, path: str) -> list[object]:
    try:
        state = os.stat(path)
    except FileNotFoundError:  # a broken link
        return [os.path.relpath(path, folder), 0, 0]
    return [os.path.relpath(path, folder), state.st_size, state.st_mtime_ns]


def _read(memory: Path) -> dict[str, list]:
    try:
        known = json.loads(memory.read_text())
    except (OSError, ValueError):
        return {}
    return known if isinstance(known, dict) else {}
