"""What the commands beside the workflow share: a configuration file, lines as output, one message for an error."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Callable, Iterable
from pathlib import Path

from workflow_scripts.commands.lines import tell
from workflow_scripts.configuration.benchmark import Benchmark, read


def arguments(description: str) -> argparse.ArgumentParser:
    """A parser with --configfile; config.yaml, unless another is named."""
    parser = argparse.ArgumentParser(description=description)
    parser.add_argument("--configfile", type=Path, default=Path("config.yaml"))
    return parser


def print_lines(lines: Callable[[Benchmark], Iterable[str]], parsed: argparse.Namespace) -> None:
    """Print `lines` of the configuration as they come; a configuration, a source or a hub that fails ends the process
    with its message and status 1.
    """
    try:
        for line in lines(read(parsed.configfile)):
            tell(line)
    except ValueError as error:
        sys.exit(str(error))
