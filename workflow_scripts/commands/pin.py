"""Say which commit each hub repository of a configuration points to now, beside the one that it is pinned to.

Of a checkpoint that is not pinned to it, the whole entry with commit and sha256, to be written in the place of its own.

python -m workflow_scripts.commands.pin --configfile config.yaml
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

import yaml

from lib.data import hub_client, tasks
from lib.data.datasets import DATASETS
from workflow_scripts.commands.command_line import arguments, print_lines
from workflow_scripts.configuration.benchmark import Benchmark, Checkpoint


def main(bench: Benchmark) -> Iterator[str]:
    """A line for each repository of weights, of checkpoints, and of each task that the hub can give. Changes nothing.

    Fetches no weights: the hub itself knows the sha256 of a file. Raises DataError for anything that it refuses.
    """
    for model in bench.models:
        if "repository" in model.weights:
            yield _line(model.name, model.weights["repository"], "model", model.weights["revision"])
    for entry in bench.checkpoints:
        if entry.file is None:
            yield from _checkpoint(entry)
    for task in bench.prepared_tasks:
        if not DATASETS[task.dataset].official and "repository" in task.options:
            yield _line(task.name, task.options["repository"], "dataset", task.options["revision"])
        elif DATASETS[task.dataset].official:
            known = tasks.read(task.dataset).hub
            yield _line(task.name, known.repo, "dataset", task.options.get("revision", known.revision))


def _checkpoint(entry: Checkpoint) -> Iterator[str]:
    now, sha256 = hub_client.resolve_file(entry.repository, entry.filename)
    yield _told(entry.name, entry.repository, now, entry.revision)
    pinned = replace(entry, revision=now, sha256=sha256)
    if pinned != entry:
        yield written(pinned)


def written(entry: Checkpoint) -> str:
    """An entry of `checkpoints` as a line of a configuration."""
    values = {key: value for key, value in vars(entry).items() if value is not None}
    return f"  - {yaml.safe_dump(values, default_flow_style=True, sort_keys=False, width=10_000).strip()}"


def _line(name: str, repository: str, kind: str, pinned: str | None) -> str:
    return _told(name, repository, hub_client.resolve_revision(repository, kind), pinned)


def _told(name: str, repository: str, now: str, pinned: str | None) -> str:
    return f"{name}: {repository} is at {now}, {'as pinned' if now == pinned else f'pinned to {pinned}'}"


if __name__ == "__main__":
    print_lines(main, arguments("Say which commits a configuration's hub repositories point to now.").parse_args())
