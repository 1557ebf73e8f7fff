"""The end of a job's process."""

from __future__ import annotations

import atexit
import logging
import os
import sys

_finished: list[bool] = []


def prepare() -> None:
    """Have this process end at once after `finished()`, if it is Snakemake's for one job alone.

    Python takes modules and objects apart before it exits: half a second once torch is imported, a sixth of a short
    job. What was registered with atexit before this call does not run either.
    """
    if hasattr(sys.modules["__main__"], "snakemake"):
        atexit.register(_exit)


def finished() -> None:
    """Say that everything is written, and that the job has succeeded."""
    _finished.append(True)


def _exit() -> None:
    if _finished:
        logging.shutdown()
        sys.stdout.flush()
        sys.stderr.flush()
        os._exit(0)
