"""What every script does around its main(): log file, device, progress, interruption, digests, provenance.

Nothing here can change a number, so nothing here counts in a rule's digest (`workflow_scripts.code.OUTSIDE`).
"""

from __future__ import annotations

import logging
import os
import signal
import sys
import time
import traceback
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path

from tqdm import tqdm

from lib.files import atomic, digests
from lib.provenance import record
from lib.provenance.version import VERSION
from workflow_scripts.job import devices, ending, heap

ROOT = Path(__file__).resolve().parents[2]
logger = logging.getLogger("workflow")
_held: list[devices.Claim] = []  # until the process ends


@contextmanager
def job(snakemake) -> Iterator[None]:
    """Run a script's main() inside: messages go to the rule's log file, a record of what was made to
    `output.provenance`, the digest of X to each output X.sha256.

    An error is logged with its traceback, told in one line on stderr, and ends the process with status 1.
    """
    ending.prepare()
    log_to(Path(snakemake.log[0]))
    keep_memory()
    code, started, clock = record.commit(ROOT), datetime.now(UTC), time.monotonic()
    try:
        yield
        seconds = time.monotonic() - clock
        for path in snakemake.output:
            if path.endswith(digests.SUFFIX):
                digests.write_beside(path.removesuffix(digests.SUFFIX))
        atomic.write_json(snakemake.output.provenance, _record(snakemake, code, started, seconds))
        ending.finished()
    except Exception as error:
        logger.error("%s", traceback.format_exc())
        print(f"{snakemake.rule}: {error}", file=sys.stderr)
        sys.exit(1)


def keep_memory() -> None:
    """Let the process keep the memory that it frees, if torch is imported."""
    if "torch" in sys.modules:
        heap.keep_freed_memory()


def device(wanted: str) -> str:
    """ "cpu" or "cuda"; auto takes a GPU if there is one, and of several one that no other job of this machine holds.

    Raises RuntimeError if cuda is wanted and absent.
    """
    import torch

    if wanted in ("auto", "cuda"):
        _claim_one_gpu()
    if wanted == "auto":
        return "cuda" if torch.cuda.is_available() else "cpu"
    if wanted == "cuda" and not torch.cuda.is_available():
        raise RuntimeError("device is cuda, but torch sees no GPU here: ask the scheduler for one, or set device: auto")
    return wanted


def _claim_one_gpu() -> None:
    """Of several GPUs, let this process see one. Slurm has chosen already; torchrun's processes take one each."""
    visible = devices.visible_devices()
    if "LOCAL_RANK" in os.environ and len(visible) > 1:
        os.environ["CUDA_VISIBLE_DEVICES"] = visible[int(os.environ["LOCAL_RANK"])]
    elif len(visible) > 1 and "SLURM_JOB_ID" not in os.environ:
        _held.append(devices.claim(visible, devices.default_lock_dir(), note=logger.info))
        logger.info("GPU %s of %s", _held[-1].device, ", ".join(visible))


def progress(items: Iterable, *, total: int, what: str, unit: str) -> Iterator:
    """Iterate with a bar (rate, time left) on a terminal, and a line in the log every half a minute."""
    bar = tqdm(items, total=total, desc=what, unit=unit, leave=False, disable=not sys.stderr.isatty())
    reported, begun = time.monotonic(), time.monotonic()
    for done, item in enumerate(bar, start=1):
        yield item
        now = time.monotonic()
        if now - reported > 30 or done == total:
            rate, reported = done / max(now - begun, 1e-9), now
            logger.info("%s: %d of %d, %.1f %s/s, %.0f s left", what, done, total, rate, unit, (total - done) / rate)


def training_bar(steps: int, what: str, *, shown: bool = True) -> Callable[[dict[str, float]], None]:
    """A callback for rows of a training log: it moves a bar on a terminal, and writes sparse lines to the log.

    Not shown: it does nothing.
    """
    if not shown:
        return lambda row: None
    bar = tqdm(total=steps, desc=what, unit="step", leave=False, disable=not sys.stderr.isatty())
    reported = [0.0]

    def on_log(row: dict[str, float]) -> None:
        bar.update(row["step"] - bar.n)
        bar.set_postfix(loss=f"{row['loss']:.3f}")
        if time.monotonic() - reported[0] > 30 or row["step"] == steps:
            reported[0] = time.monotonic()
            values = (what, row["step"], steps, row["loss"], row["learning_rate"], row["images_per_second"])
            logger.info("%s: step %d of %d, loss %.4f, lr %.3g, %.0f images/s", *values)

    return on_log


def stop_on_sigterm() -> Callable[[], bool]:
    """Return a function that says whether SIGTERM has come: the scheduler's warning before it kills the job."""
    received: list[int] = []
    signal.signal(signal.SIGTERM, lambda number, frame: received.append(number))
    return lambda: bool(received)


def log_to(path: Path) -> None:
    """Append this process's messages to a file."""
    path.parent.mkdir(parents=True, exist_ok=True)
    handler = logging.FileHandler(path, mode="a")  # a retry leaves what the attempt before it said
    handler.setFormatter(logging.Formatter("%(asctime)s %(message)s", "%Y-%m-%d %H:%M:%S"))
    logging.basicConfig(level=logging.INFO, handlers=[handler], force=True)
    for chatty in ("PIL", "matplotlib", "fontTools", "httpx", "urllib3"):
        logging.getLogger(chatty).setLevel(logging.WARNING)
    logging.captureWarnings(True)


def _record(snakemake, code: dict[str, object], started: datetime, seconds: float) -> dict[str, object]:
    """Everything that decides the outputs, and digests of both ends; see `lib.provenance.records`."""
    made = [path for path in snakemake.output if path != snakemake.output.provenance]
    return {
        "version": VERSION,
        "rule": snakemake.rule,
        "wildcards": dict(snakemake.wildcards),
        "params": dict(snakemake.params),
        "used": _digests(snakemake.input),
        "generated": _digests(made),
        "code": code,
        "versions": record.versions(),
        "machine": record.machine() | {"threads": snakemake.threads, **_gpu(), "host": os.uname().nodename},
        "startedAtTime": started.isoformat(timespec="seconds"),
        "endedAtTime": datetime.now(UTC).isoformat(timespec="seconds"),
        "seconds": round(seconds, 2),
    }


def _digests(paths: Iterable[str]) -> dict[str, str]:
    """sha256 of each file, from the file beside it where there is one. Prepared images are left to the file of their
    split, which holds their digest and is an input too.
    """
    named = [path for path in map(str, paths) if not path.endswith((".images.bin", digests.SUFFIX))]
    return {path: digests.written_beside(path) or digests.file_digest(path) for path in named}


def _gpu() -> dict[str, object]:
    """The GPU that this process has used: its name, its driver, and the greatest memory that it held there."""
    torch = sys.modules.get("torch")
    if torch is None or not torch.cuda.is_initialized():
        return {"gpu": None}
    return {
        "gpu": torch.cuda.get_device_name(),
        "driver": record.gpu_driver(),
        "peak_gpu_mib": round(torch.cuda.max_memory_allocated() / 2**20),
    }
