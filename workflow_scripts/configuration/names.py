"""Names of a configuration that clash: with each other, with folders of the results, with columns of the tables."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from functools import cache
from pathlib import PurePosixPath

from lib.reporting.labels import KEYS, MEAN, RULE
from workflow_scripts.layout import DIGESTS, Layout

_COLUMNS = (*KEYS, RULE, MEAN)


def clashes(config: Mapping[str, object]) -> Iterator[str]:
    """Names that would share a folder or a column; on some file systems that differ in case only."""
    tasks = [task for key, task in tasks_of(config) if key != "control"]
    section = "tasks and auxiliary" if config.get("auxiliary") else "tasks"
    yield from _alike("models", [model["name"] for model in config["models"]])
    yield from _alike(section, [task["name"] for task in tasks])
    control = config["control"]["name"]
    for task in tasks:
        if task["name"] == control:
            yield f"control.name: {control!r} is also a task; the control must not be fine-tuned on"
        elif task["name"].casefold() == control.casefold():
            yield f"control.name: {control!r} differs from the task {task['name']!r} in case only; choose another name"
    for index, model in enumerate(config["models"]):
        yield from _taken(f"models[{index}].name", model["name"], "{model}")
    for key, task in tasks_of(config):
        yield from _taken(f"{key}.name", task["name"], "{task}")
        if task["name"].casefold() in map(str.casefold, _COLUMNS):
            yield f"{key}.name: {task['name']!r} is the name of a column of the tables; choose another"
    if config["run"].casefold() == PurePosixPath(DIGESTS).name:
        yield f"run: {config['run']!r} is the name of a file of ours; choose another"
    yield from _pairs(config)


def tasks_of(config: Mapping[str, object]) -> Iterator[tuple[str, Mapping]]:
    """Every task with its key, auxiliary ones behind the others, the control last."""
    for section in ("tasks", "auxiliary"):
        yield from ((f"{section}[{index}]", task) for index, task in enumerate(config.get(section, [])))
    yield "control", config["control"]


@cache
def beside(wildcard: str) -> set[str]:
    """The names of files and folders that lie where a wildcard such as {model} has its folders."""
    patterns = [getattr(Layout.of("run"), name) for name, kind in vars(Layout).items() if isinstance(kind, property)]
    paths = [PurePosixPath(pattern).parts for pattern in patterns]
    parents = {path[: path.index(wildcard)] for path in paths if wildcard in path}
    found = {path[len(parent)] for path in paths for parent in parents if path[: len(parent)] == parent != path}
    return {name for name in found if "{" not in name}


def _alike(section: str, names: list[str]) -> Iterator[str]:
    for name in dict.fromkeys(names):
        if names.count(name) > 1:
            yield f"{section}: {names.count(name)} entries are named {name!r}; names must differ"
    first: dict[str, str] = {}
    for name in dict.fromkeys(names):
        one = first.setdefault(name.casefold(), name)
        if one != name:
            yield (
                f"{section}: {one!r} and {name!r} differ in case only, and share a folder on some file systems; "
                "choose another name"
            )


def _taken(key: str, name: str, wildcard: str) -> Iterator[str]:
    if name.casefold() in map(str.casefold, beside(wildcard)):
        yield f"{key}: {name!r} is the name of a folder or file of results; choose another"


def _pairs(config: Mapping[str, object]) -> Iterator[str]:
    tasks, pairs = [task["name"] for task in config["tasks"]], config["disentanglement"]["pairs"]
    for index, pair in enumerate(pairs):
        for name in pair:
            if name not in tasks:
                yield f"disentanglement.pairs[{index}]: unknown task {name!r}; tasks: {', '.join(tasks)}"
        first = next(number for number, other in enumerate(pairs) if sorted(other) == sorted(pair))
        if first < index:
            yield f"disentanglement.pairs[{index}]: got {pair}, the pair of disentanglement.pairs[{first}]; remove one"
