"""Say which commit each hub repository of a configuration points to now, beside the one that it is pinned to.

python -m workflow_scripts.commands.pin --configfile config.yaml
"""

from __future__ import annotations

from collections.abc import Iterator

from lib.data import hub_client, tasks
from lib.data.datasets import DATASETS
from workflow_scripts.commands.command_line import arguments, print_lines
from workflow_scripts.configuration.benchmark import Benchmark


def main(bench: Benchmark) -> Iterator[str]:
    """A line for each repository of weights, and of each task that the hub can give. Changes nothing."""
    for model in bench.models:
        if "repository" in model.weights:
            yield _line(model.name, model.weights["repository"], "model", model.weights["revision"])
    for task in bench.prepared_tasks:
        if not DATASETS[task.dataset].official and "repository" in task.options:
            yield _line(task.name, task.options["repository"], "dataset", task.options["revision"])
        elif task.source is not None:
            known = tasks.read(task.dataset).hub
            yield _line(task.name, known.repo, "dataset", task.options.get("revision", known.revision))


def _line(name: str, repository: str, kind: str, pinned: str | None) -> str:
    now = hub_client.resolve_revision(repository, kind)
    return f"{name}: {repository} is at {now}, {'as pinned' if now == pinned else f'pinned to {pinned}'}"


if __name__ == "__main__":
    print_lines(main, arguments("Say which commits a configuration's hub repositories point to now.").parse_args())
