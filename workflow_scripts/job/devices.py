"""One GPU for each of several jobs on a machine without a scheduler: Snakemake counts GPUs, but hands out none."""

from __future__ import annotations

import fcntl
import os
import re
import subprocess
import tempfile
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import Self

WAIT_SECONDS = 24 * 3600.0
POLL_SECONDS = 1.0


class NoFreeDevice(RuntimeError):
    """All devices were held by other jobs for as long as this one was willing to wait."""


class Claim:
    """A device that this process alone holds: until close(), the end of a `with` block, or its death in any manner."""

    def __init__(self, device: str, descriptor: int):
        self.device, self._descriptor = device, descriptor

    def close(self) -> None:
        os.close(self._descriptor)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_) -> None:
        self.close()


def claim(
    visible: Sequence[str],
    lock_dir: Path,
    *,
    wait_seconds: float = WAIT_SECONDS,
    note: Callable[[str], None] = lambda message: None,
) -> Claim:
    """Hold the first device of `visible` that no other process holds, and let CUDA see it alone.

    To be called before CUDA is initialised, which reads CUDA_VISIBLE_DEVICES once. lock_dir: a folder of this machine,
    not of a network. Raises NoFreeDevice after wait_seconds.
    """
    lock_dir.mkdir(mode=0o700, parents=True, exist_ok=True)
    deadline = time.monotonic() + wait_seconds
    while (found := _first_free(visible, lock_dir)) is None:
        if time.monotonic() >= deadline:
            raise NoFreeDevice(f"{_all_taken(visible, lock_dir)}, still after {wait_seconds:.0f} s. {_advice(visible)}")
        if note is not None:
            note(f"{_all_taken(visible, lock_dir)}; waiting up to {wait_seconds:.0f} s. {_advice(visible)}")
            note = None  # said once
        time.sleep(min(POLL_SECONDS, max(deadline - time.monotonic(), 0)))
    os.environ["CUDA_VISIBLE_DEVICES"] = found.device
    return found


@contextmanager
def claim_several(
    visible: Sequence[str], count: int, lock_dir: Path, *, note: Callable[[str], None] = lambda message: None
) -> Iterator[list[str]]:
    """Hold `count` devices inside the block, and let CUDA see those alone. Raises NoFreeDevice as `claim` does.

    Only one process at a time gathers several, so that no two wait for each other with a part of what they need.
    """
    lock_dir.mkdir(mode=0o700, parents=True, exist_ok=True)
    with ExitStack() as held:
        with open(lock_dir / "several", "w") as turn:
            fcntl.flock(turn, fcntl.LOCK_EX)
            names = [held.enter_context(claim(visible, lock_dir, note=note)).device for _ in range(count)]
        os.environ["CUDA_VISIBLE_DEVICES"] = ",".join(names)
        yield names


def visible_devices() -> list[str]:
    """The GPUs that this process may use, without initialising CUDA: CUDA_VISIBLE_DEVICES, else the driver's list."""
    if "CUDA_VISIBLE_DEVICES" in os.environ:
        return [name.strip() for name in os.environ["CUDA_VISIBLE_DEVICES"].split(",") if name.strip()]
    try:
        done = subprocess.run(["nvidia-smi", "-L"], capture_output=True, text=True, timeout=60, check=True)
    except (OSError, subprocess.SubprocessError):
        return []
    return listed(done.stdout)


def listed(text: str) -> list[str]:
    """The UUIDs in the output of `nvidia-smi -L`: of the slices, if the GPUs are cut into such."""
    return re.findall(r"UUID: (MIG-[^)\s]+)", text) or re.findall(r"UUID: (GPU-[^)\s]+)", text)


def default_lock_dir() -> Path:
    """A folder of this machine and this user."""
    return Path(tempfile.gettempdir()) / f"task-arithmetic-gpus-{os.getuid()}"


def _first_free(visible: Sequence[str], lock_dir: Path) -> Claim | None:
    for device in visible:
        descriptor = os.open(_lock_file(lock_dir, device), os.O_RDWR | os.O_CREAT, 0o600)
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            os.close(descriptor)
            continue
        os.truncate(descriptor, 0)
        os.write(descriptor, f"{os.getpid()}\n".encode())
        return Claim(device, descriptor)
    return None


def _lock_file(lock_dir: Path, device: str) -> Path:
    return lock_dir / f"{re.sub(r'[^A-Za-z0-9_.-]', '_', device)}.lock"


def _all_taken(visible: Sequence[str], lock_dir: Path) -> str:
    holders = {device: _lock_file(lock_dir, device).read_text().strip() or "?" for device in visible}
    taken = ", ".join(f"{device} by process {holder}" for device, holder in holders.items())
    return f"no free GPU among {len(visible)}: {taken}"


def _advice(visible: Sequence[str]) -> str:
    return f"To start no more GPU jobs than there are GPUs: snakemake --resources gpu={len(visible)}"
