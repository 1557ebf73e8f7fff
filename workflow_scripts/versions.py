"""Finished jobs that ran with other package versions than are installed now: what a configuration warns of."""

from __future__ import annotations

import json
from collections import Counter
from functools import cache
from pathlib import Path

from workflow_scripts.code import packages


@cache
def other_versions(records: str) -> list[str]:
    """A sentence for each package that finished jobs of a run imported in another version, with their number.

    records: the folder of the run's provenance records. A package counts where the code of the job imports it itself.
    """
    found: Counter[tuple[str, str, str]] = Counter()
    for file in sorted(Path(records).rglob("*.json")):
        try:
            record = json.loads(file.read_text())
            then, now = record["versions"], _packages(tuple(record["params"]["code"]))
        except (OSError, ValueError, KeyError, TypeError):
            continue  # not a record of this kind; audits tell
        found.update((name, then[name], version) for name, version in now.items() if then.get(name, version) != version)
    return [
        f"{count} {'job' if count == 1 else 'jobs'} ran with {name} {then}; {now} is installed now."
        for (name, then, now), count in sorted(found.items())
    ]


@cache
def _packages(files: tuple[str, ...]) -> dict[str, str]:
    return packages([file for file in files if file.endswith(".py")])
