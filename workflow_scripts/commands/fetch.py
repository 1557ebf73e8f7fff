"""Fetch what a configuration reads from the hub into the hub's cache, so that the run itself needs no network.

python -m workflow_scripts.commands.fetch --configfile config.yaml
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from pathlib import Path

from lib.data import hub_client, tasks
from lib.data.datasets import DATASETS, reading
from workflow_scripts.commands.command_line import arguments, print_lines
from workflow_scripts.configuration.benchmark import Benchmark, Model, Task
from workflow_scripts.configuration.pins import require_pinned
from workflow_scripts.models import text_files
from workflow_scripts.models.text_files import CONFIGURATION, TOKENIZER
from workflow_scripts.models.weights import local_file


def main(bench: Benchmark) -> Iterator[str]:
    """Fetch the weights of every model, the checkpoints and the data sets whose source is the hub; a line for each.

    What the cache holds is not fetched again. Raises DataError for anything the hub refuses, ConfigurationError for
    checkpoints that are not pinned, ValueError for weights with another sha256.
    """
    require_pinned(bench)
    for model in bench.models:
        yield f"{model.name}: {_weights(model)}"
    for entry in bench.checkpoints:
        if entry.file is None:
            yield f"{entry.name}: checkpoint of {entry.repository} is in {local_file(entry.weights)}"
    for task in bench.prepared_tasks:
        yield f"{task.name}: {_data(task, Path(bench.data_root))}"


def _weights(model: Model) -> str:
    if "file" in model.weights:
        return f"weights are the file {model.weights['file']}; nothing to fetch"
    if "package" in model.weights:
        return f"weights come with the package {model.weights['package']}; nothing to fetch"
    if model.prompts is not None:
        for name in (CONFIGURATION, TOKENIZER):
            text_files.local_file(model.weights, name)
    return f"weights of {model.weights['repository']} are in {local_file(model.weights)}"


def _data(task: Task, data_root: Path) -> str:
    """What the rule `prepare` reads, into the cache that it reads from."""
    source = reading(task.dataset, task.source)["source"]
    if source != "hub":
        made = source == "code"
        place = "made by code or shipped" if made else f"read from {data_root}"
        return f"data are {place}; nothing to fetch"
    repository, pinned, files = _on_hub(task)
    revision = hub_client.pinned(repository, pinned)
    folder = hub_client.fetch(repository, revision, tuple(files.values()), data_root)
    size = sum(path.stat().st_size for path in folder.rglob("*") if path.is_file())
    return f"data of {repository} at {revision[:8]}, {size / 1e9:.2f} GB, are in {folder}"


def _on_hub(task: Task) -> tuple[str, str | None, Mapping[str, str]]:
    """Repository, commit and files by split of a task that the hub gives."""
    if not DATASETS[task.dataset].official:
        return task.options["repository"], task.options["revision"], task.options["files"]
    known = tasks.read(task.dataset).hub
    return known.repo, task.options.get("revision", known.revision), known.files


if __name__ == "__main__":
    print_lines(main, arguments("Fetch a configuration's weights and data sets from the hub.").parse_args())
