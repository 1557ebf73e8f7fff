"""Files that are written whole or not at all."""

from __future__ import annotations

import json
import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path


@contextmanager
def whole(path: str | os.PathLike) -> Iterator[Path]:
    """Yield a temporary name beside `path`; rename it to `path` once the block ends without an error.

    The data are flushed to disk before the rename, so that after a crash `path` is either absent (or
    as it was) or complete. On an error nothing is left behind. The temporary name keeps the suffix of
    `path`, because some writers choose their format by it.
    """
    path = Path(path)
    path.parent.mkdir(parents=True, exist_ok=True)
    temporary = path.with_name(f".{path.stem}.{os.getpid()}.partial{path.suffix}")
    try:
        yield temporary
        os.chmod(temporary, 0o666 & ~_umask())  # some writers make files that only their owner can read
        _flush(temporary)
        os.replace(temporary, path)
        _flush(path.parent)
    finally:
        temporary.unlink(missing_ok=True)


def write_text(path: str | os.PathLike, text: str) -> None:
    """Write `text` to `path`, whole or not at all."""
    with whole(path) as temporary:
        temporary.write_text(text)


def write_json(path: str | os.PathLike, value: object) -> None:
    """Write `value` as indented JSON with a final newline, whole or not at all."""
    write_text(path, json.dumps(value, indent=2) + "\n")


def _umask() -> int:
    mask = os.umask(0)
    os.umask(mask)
    return mask


def _flush(path: Path) -> None:
    descriptor = os.open(path, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
