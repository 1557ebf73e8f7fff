"""Processor time of one look at a configuration that cannot run: the tables of wrong values and files of the tests.

    python -m benchmarks.refusals

Floor: of a value, the schema's checks on each value of the configuration; of a file, reading it once.
"""

from __future__ import annotations

import statistics
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

from benchmarks import measure
from tests.workflow.test_configuration_files import WRONG as FILES
from tests.workflow.test_wrong_configurations import BY_PATH, changed
from workflow_scripts.configuration.benchmark import ConfigurationError, load
from workflow_scripts.configuration.files import FileError, read_mapping


def cost(look: Callable[[object], object], argument: object) -> float:
    """Processor seconds until look(argument) refuses."""
    begun = time.process_time()
    try:
        look(argument)
    except (ConfigurationError, FileError):
        return time.process_time() - begun
    raise AssertionError("a wrong configuration was taken")


def row(what: str, costs: dict[str, float]) -> dict:
    """Median and longest of the costs, and which case took longest."""
    slowest = max(costs, key=costs.__getitem__)
    median = round(statistics.median(costs.values()), 3)
    return {"what": what, "cases": len(costs), "median s": median, "longest s": round(costs[slowest], 3), "of": slowest}


def main() -> None:
    """Prints and writes the table."""
    values, files = {}, {}
    for kind, listed in BY_PATH.items():
        for number, (path, value, _) in enumerate(listed):
            values[f"{kind} {number}"] = cost(load, changed(path, value))
    with tempfile.TemporaryDirectory() as folder:
        for kind, (content, _) in FILES.items():
            file = Path(folder, "mine.yaml")
            file.write_bytes(content)
            files[kind] = cost(read_mapping, file)
    measure.report("refusals", [row("values", values), row("files", files)])


if __name__ == "__main__":
    main()
