"""What a configuration reads from the hub at a commit that nobody has stated yet."""

from __future__ import annotations

from lib.data.datasets import hub_source
from workflow_scripts.configuration.benchmark import Benchmark, ConfigurationError
from workflow_scripts.configuration.files import NO_JOB


def require_pinned(bench: Benchmark) -> None:
    """Raise ConfigurationError for what lies on the hub and is not pinned: a plan can be made without, no job."""
    found = [
        f"checkpoints[{index}]: {entry.repository} has revision {entry.revision} and sha256 {entry.sha256}, expected "
        "a commit and the file's digest; where there is a network, run `make pin CONFIG=...` and write what it prints"
        for index, entry in enumerate(bench.checkpoints)
        if not entry.pinned
    ]
    for task in bench.prepared_tasks:
        source, repository, revision = hub_source(task.dataset, task.source, task.options)
        if source == "hub" and revision is None:
            found.append(
                f"{task.name}: nobody has pinned {repository} yet, expected a commit; where there is a network, run "
                "`make pin CONFIG=...` and write what it prints under options, {revision: ...}"
            )
    if found:
        raise ConfigurationError("\n  - ".join([NO_JOB, *found]))
