"""Files that are written whole or not at all."""

from __future__ import annotations

import errno
import json
import os
import re
import shutil
import socket
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

_HOST = re.sub(r"\W", "_", socket.gethostname())


class DiskFull(OSError):
    """A file that could not be written, because its file system has no room left or the user's quota is used up."""


@contextmanager
def whole(path: str | os.PathLike) -> Iterator[Path]:
    """Yield a temporary name beside `path`; rename it to `path` once the block ends without an error.

    The data are flushed to disk before the rename, so that after a crash `path` is either absent (or
    as it was) or complete. On an error nothing is left behind. The temporary name keeps the suffix of
    `path`, because some writers choose their format by it. What a killed writer of `path` left is removed first.
    Raises DiskFull for a writer's error that says so.
    """
    path = Path(path)
    temporary = path.with_name(f".{path.stem}.{_HOST}-{os.getpid()}.partial{path.suffix}")
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        _sweep(path)
        yield temporary
        os.chmod(temporary, 0o666 & ~_umask())  # some writers make files that only their owner can read
        _flush(temporary)
        os.replace(temporary, path)
        _flush(path.parent)
    except Exception as error:
        if reason := _full(error):
            raise _disk_full(path, temporary, reason) from error
        raise
    finally:
        temporary.unlink(missing_ok=True)


def write_text(path: str | os.PathLike, text: str) -> None:
    """Write `text` to `path`, whole or not at all."""
    with whole(path) as temporary:
        temporary.write_text(text)


def write_json(path: str | os.PathLike, value: object) -> None:
    """Write `value` as indented JSON with a final newline, whole or not at all."""
    write_text(path, json.dumps(value, indent=2) + "\n")


def _sweep(path: Path) -> None:
    """Remove temporary files of `path` whose writers are gone.

    On this host a live writer's file stays. A file has one writer at a time, so one of another host is left from a
    node that was lost; should that writer live on, cut off, its rename fails: it cannot replace what is written here.
    """
    name = re.compile(rf"\.{re.escape(path.stem)}\.(\w+)-(\d+)\.partial{re.escape(path.suffix)}")
    for file in path.parent.iterdir():
        found = name.fullmatch(file.name)
        if found and not (found[1] == _HOST and is_alive(int(found[2]))):
            file.unlink(missing_ok=True)


def is_alive(process: int) -> bool:
    """Whether a process of that number runs on this host, whoever owns it."""
    try:
        os.kill(process, 0)
    except ProcessLookupError:
        return False
    except PermissionError:
        pass  # another user's
    return True


def _full(error: BaseException) -> str | None:
    """What the system says if a full disk is behind the error, else None.

    Some writers (safetensors) hand on the text alone, others (zip files) fail again while they close.
    """
    for _ in range(10):
        for number in (errno.ENOSPC, errno.EDQUOT):
            if getattr(error, "errno", None) == number or os.strerror(number) in str(error):
                return os.strerror(number)
        error = error.__cause__ or error.__context__
        if error is None:
            return None
    return None


def _disk_full(path: Path, temporary: Path, reason: str) -> DiskFull:
    written = temporary.stat().st_size if temporary.exists() else 0
    temporary.unlink(missing_ok=True)
    folder = next(parent for parent in path.parents if parent.exists())
    free = shutil.disk_usage(folder).free
    return DiskFull(
        f"{reason} while writing {path}: {written / 1e6:.3f} MB were written and removed again, {free / 1e6:.3f} MB "
        f"are free in {folder.absolute()}. Make room there (or raise the quota), then run the same command again."
    )


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
