"""What the arena's methods took by the clock, from the records of a finished run: results/{run}/arena_cost.csv.

Clocks differ between two runs that are the same to the bit, so this is no table of the run.
"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Iterable, Iterator
from pathlib import Path

from lib.files import rows
from lib.provenance.records import Record
from lib.training import modes
from workflow_scripts.commands.finished_run import FinishedRun, RunError
from workflow_scripts.configuration.files import FileError

_MERGING = ("gram", "fisher", "coefficients")  # what some rules need beside addition
STANDARD = "standard"


def main(configfile: Path, root: Path = Path()) -> Path:
    """Write a row per model, seed, mode and merging rule: training_seconds (all tasks), over_standard (the same over
    standard fine-tuning's), merging_seconds (the job of addition with its sweep, and what the rule needs before it),
    peak_mib and peak_gpu_mib of these jobs. Raises RunError for a run that is not there.
    """
    run = FinishedRun.of(configfile, root)
    found = list(costs(run.graph.records))
    if not found:
        raise RunError(f"{run.layout.records}/ has no record of the rule addition: finish the run first")
    rows.write(root / run.layout.arena_cost, found)
    return root / run.layout.arena_cost


def costs(records: Iterable[Record]) -> Iterator[dict[str, object]]:
    """The rows, from the records of all jobs."""
    records = list(records)
    trained: dict[tuple[str, ...], float] = {}
    for record in records:
        if record.rule == "finetune":
            key = _key(record)
            trained[key] = trained.get(key, 0.0) + record.seconds
    for record in records:
        if record.rule != "addition":
            continue
        model, seed, mode = _key(record)
        owner = modes.get(mode).vectors_of
        training, standard = trained.get((model, seed, owner)), trained.get((model, seed, STANDARD))
        needed = [
            record,
            *(one for one in records if one.rule in _MERGING and one.generated.keys() & record.used.keys()),
        ]
        yield {
            "model": model,
            "seed": seed,
            "mode": mode,
            "rule": record.wildcards["merging"],
            "training_seconds": None if training is None else round(training, 2),
            "over_standard": round(training / standard, 4) if training and standard else None,
            "merging_seconds": round(sum(one.seconds for one in needed), 2),
            "peak_mib": max((one.machine.get("peak_mib") or 0 for one in needed), default=0),
            "peak_gpu_mib": max((one.machine.get("peak_gpu_mib") or 0 for one in needed), default=0),
        }


def _key(record: Record) -> tuple[str, str, str]:
    return tuple(record.wildcards[name] for name in ("model", "seed", "mode"))


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--configfile", type=Path, required=True)
    try:
        print(main(parser.parse_args().configfile))
    except (RunError, FileError) as error:
        sys.exit(str(error))
