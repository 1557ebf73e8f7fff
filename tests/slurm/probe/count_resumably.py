"""Count steps slowly; on SIGTERM save the count and fail, and go on from it the next time."""

import json
import os
import signal
import sys
import time
from pathlib import Path


class Terminated(Exception):
    """SIGTERM arrived: save the state and leave."""


def raise_terminated(signum: int, frame: object) -> None:
    signal.signal(signal.SIGTERM, signal.SIG_IGN)
    raise Terminated


def load_step(state: Path) -> int:
    return json.loads(state.read_text())["step"] if state.exists() else 0


def save_step(state: Path, step: int) -> None:
    partial = state.with_name(state.name + ".partial")
    partial.write_text(json.dumps({"step": step}))
    partial.replace(state)


def main(output: str, state: Path, events: Path, steps: int, seconds_per_step: float, seconds_to_save: float) -> None:
    signal.signal(signal.SIGTERM, raise_terminated)
    state.parent.mkdir(parents=True, exist_ok=True)
    step = load_step(state)

    def record(event: str) -> None:
        node = os.environ.get("SLURMD_NODENAME", "none")
        with events.open("a") as file:
            file.write(f"{time.time():.1f} {event} step={step} node={node} pid={os.getpid()}\n")

    record("started")
    try:
        while step < steps:
            time.sleep(seconds_per_step)
            step += 1
    except Terminated:
        record("terminated")
        time.sleep(seconds_to_save)
        save_step(state, step)
        record("saved")
        sys.exit(1)
    Path(output).write_text(f"{step}\n")
    record("finished")


if __name__ == "__main__":
    main(
        snakemake.output[0],
        Path(snakemake.params.state),
        Path(snakemake.params.events),
        snakemake.params.steps,
        snakemake.params.seconds_per_step,
        seconds_to_save=2,
    )
