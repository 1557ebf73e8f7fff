"""A look at what a snakemake command needs before Snakemake reads or writes anything.

Snakemake reads configurations before the Snakefile, and ends with a traceback or without a name where one is absent, a
folder, or no YAML; so it does where it cannot write. profiles/default/config.yaml, which it reads first, calls this.
"""

from __future__ import annotations

import argparse
import os
import sys
from collections.abc import Sequence
from pathlib import Path

from workflow_scripts.configuration import places
from workflow_scripts.configuration.files import NO_JOB, FileError, read_mapping


def refuse(words: Sequence[str]) -> None:
    """End the process with a message if a configuration cannot be read, or if Snakemake could not write its own files.

    words: those after `snakemake`. Without --configfile the configuration is config.yaml in the working directory.
    """
    parser = argparse.ArgumentParser(add_help=False, allow_abbrev=False)
    parser.add_argument("--configfile", "--configfiles", nargs="+", type=Path, dest="files")
    parser.add_argument("--directory", "-d", type=Path, default=Path())
    try:
        given = parser.parse_known_args(words)[0]
    except SystemExit:  # Snakemake says what is wrong with the command line
        return
    found = [fault for file in given.files or [given.directory / "config.yaml"] for fault in _unreadable(file)]
    found += [*places.faults(given.directory / ".snakemake"), *_no_cache()]
    if found:
        sys.exit("\n  - ".join([NO_JOB, *found]))


def _unreadable(file: Path):
    try:
        read_mapping(file)
    except FileError as error:
        yield str(error)


def _no_cache():
    """Snakemake keeps copies of sources in the user's cache."""
    cache = Path(os.environ.get("XDG_CACHE_HOME") or Path("~/.cache").expanduser(), "snakemake")
    for fault in places.faults(cache):
        yield f"{fault.partition(';')[0]}; set XDG_CACHE_HOME to a folder that can be written"
