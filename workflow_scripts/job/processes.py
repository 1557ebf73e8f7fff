"""Several processes that train one model together, one GPU each, started by torchrun."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import tempfile
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path

from lib.files.atomic import is_alive
from workflow_scripts.job import devices, search_path

ROOT = Path(__file__).resolve().parents[2]
# The launcher leaves SIGTERM to its processes, which save and end; told itself, it would kill them after 30 s.
LAUNCHER = ["-m", "torch.distributed.run", "--standalone", "--max-restarts=0", "--signals-to-handle=SIGINT"]


class ProcessesFailed(RuntimeError):
    """One of the processes failed; the message is the first error."""


def launch(module: str, arguments: Mapping[str, object], processes: int) -> None:
    """Run `python -m module FILE` in so many processes, FILE holding the arguments, and wait for their end.

    arguments: as JSON knows them, or paths; `device` among them. FILE tells `parent` too, the process that waits. On
    SIGTERM `stop_wanted` becomes true in all. Raises ProcessesFailed if one of them fails.
    """
    search_path.export(ROOT)
    with tempfile.TemporaryDirectory() as folder, _devices(processes, arguments["device"]):
        file = Path(folder) / "arguments.json"
        file.write_text(json.dumps({**arguments, "parent": os.getpid()}, default=str))
        command = [sys.executable, *LAUNCHER, f"--nproc-per-node={processes}", "-m", module, str(file)]
        status = _wait(command, on_sigterm=file.with_name("stop").touch)
        if status:
            errors = sorted(Path(folder).glob("error*"), key=lambda path: path.stat().st_mtime_ns)
            said = errors[0].read_text() if errors else f"no message was left (status {status}); see what was printed"
            raise ProcessesFailed(f"{said} (process {errors[0].suffix[1:] if errors else '?'} of {processes})")


def report(file: Path, error: Exception) -> None:
    """Leave an error beside a process's arguments, for the one that waits."""
    file.with_name(f"error.{os.environ['RANK']}").write_text(f"{type(error).__name__}: {error}")


def stop_wanted(file: Path, parent: int) -> bool:
    """Whether the process that waits was told to stop, or is gone."""
    return not is_alive(parent) or file.with_name("stop").exists()


def _wait(command: list[str], *, on_sigterm: Callable[[], object]) -> int:
    previous = signal.signal(signal.SIGTERM, signal.SIG_IGN)  # inherited by the launcher, which then survives it
    child = subprocess.Popen(command, start_new_session=True)
    signal.signal(signal.SIGTERM, lambda *_: on_sigterm())
    try:
        return child.wait()
    finally:
        signal.signal(signal.SIGTERM, previous)
        child.kill()


@contextmanager
def _devices(processes: int, wanted: str) -> Iterator[None]:
    """Hold a GPU for each process, unless a scheduler has handed them out; torchrun's processes take one each."""
    visible = [] if wanted == "cpu" else devices.visible_devices()
    if visible and len(visible) < processes:
        raise ProcessesFailed(
            f"{processes} processes need a GPU each, but this job sees {len(visible)} ({', '.join(visible)}): ask for "
            f"more (resources.finetune.gpu: {processes}), or lower `processes` of the model"
        )
    if not visible or "SLURM_JOB_ID" in os.environ:
        yield
        return
    with devices.claim_several(visible, processes, devices.default_lock_dir()):
        yield
