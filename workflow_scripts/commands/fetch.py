"""Fetch what a configuration reads from the hub into the hub's cache, so that the run itself needs no network.

python -m workflow_scripts.commands.fetch --configfile config.yaml
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

from lib.data import hub_client, tasks
from lib.data.datasets import reading
from workflow_scripts.commands.command_line import arguments, print_lines
from workflow_scripts.configuration.benchmark import Benchmark, Model, Task
from workflow_scripts.models.weights import local_file


def main(bench: Benchmark) -> Iterator[str]:
    """Fetch the weights of every model and the data sets of every task whose source is the hub; a line for each.

    What the cache holds is not fetched again. Raises DataError for anything the hub refuses, ValueError for weights
    with another sha256.
    """
    for model in bench.models:
        yield f"{model.name}: {_weights(model)}"
    for task in bench.prepared_tasks:
        yield f"{task.name}: {_data(task, Path(bench.data_root))}"


def _weights(model: Model) -> str:
    if "file" in model.weights:
        return f"weights are the file {model.weights['file']}; nothing to fetch"
    return f"weights of {model.weights['repository']} are in {local_file(model.weights)}"


def _data(task: Task, data_root: Path) -> str:
    """What the rule `prepare` reads, into the cache that it reads from."""
    if task.source != "hub":
        made = reading(task.dataset, task.source)["source"] == "code"
        place = "made by code or shipped" if made else f"read from {data_root}"
        return f"data are {place}; nothing to fetch"
    known = tasks.read(task.dataset).hub
    revision = hub_client.pinned(known.repo, task.options.get("revision", known.revision))
    folder = hub_client.fetch(known.repo, revision, tuple(known.files.values()), data_root)
    size = sum(path.stat().st_size for path in folder.rglob("*") if path.is_file())
    return f"data of {known.repo} at {revision[:8]}, {size / 1e9:.2f} GB, are in {folder}"


if __name__ == "__main__":
    print_lines(main, arguments("Fetch a configuration's weights and data sets from the hub.").parse_args())
