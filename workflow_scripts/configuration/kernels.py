"""What is wrong with a configuration's section on kernels."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from lib.data.datasets import DATASETS
from lib.training import modes
from workflow_scripts.configuration.analogies import most_of_the_rarest_class


def wrong_kernels(config: Mapping[str, object]) -> Iterator[str]:
    """Unknown tasks, classes and modes, more images than there are, more memory than the jobs ask for."""
    section, tasks = config.get("kernels", {}), {task["name"]: task for task in config["tasks"]}
    for key, name in _named(section):
        if name not in tasks:
            yield f"kernels.{key}: unknown task {name!r}; tasks: {', '.join(tasks)}"
    pairs = section.get("localization", {}).get("pairs", [])
    for index, pair in enumerate(pairs):
        if pair in pairs[:index]:
            yield f"kernels.localization.pairs[{index}]: got {pair} for the second time; remove one"
    if "regression" in section:
        yield from _wrong_regression(config, section["regression"], tasks)
    if "wide_networks" in section:
        yield from _wrong_networks(section["wide_networks"], tasks)
    if "drift" in section:
        yield from _wrong_drift(config, section["drift"])
    yield from _wrong_memory(config)


def _named(section: Mapping[str, object]) -> Iterator[tuple[str, str]]:
    for index, pair in enumerate(section.get("localization", {}).get("pairs", [])):
        yield from ((f"localization.pairs[{index}]", name) for name in pair)
    yield from (("regression.tasks", name) for name in section.get("regression", {}).get("tasks", []))
    if "wide_networks" in section:
        yield "wide_networks.task", section["wide_networks"]["task"]


def _wrong_regression(
    config: Mapping[str, object], section: Mapping[str, object], tasks: Mapping[str, Mapping]
) -> Iterator[str]:
    for name in section["tasks"]:
        most = most_of_the_rarest_class(config, tasks[name]) if name in tasks else None
        if most is not None and max(section["shots"]) > most:
            yield (
                f"kernels.regression.shots: got {max(section['shots'])}, but the rarest class of {name} has at most "
                f"{most} images to fit; ask for fewer"
            )


def _wrong_networks(section: Mapping[str, object], tasks: Mapping[str, Mapping]) -> Iterator[str]:
    if section["recorded"] > section["steps"] + 1:
        yield (
            f"kernels.wide_networks.recorded: got {section['recorded']}, but there are {section['steps'] + 1} of them "
            "from the first to the last of steps; ask for fewer"
        )
    task = tasks.get(section["task"])
    known = task and DATASETS[task["dataset"]].number_of_classes(task.get("options", {}))
    if known and max(section["classes"]) >= known:
        yield (
            f"kernels.wide_networks.classes: got {max(section['classes'])}, but {section['task']} has {known} classes, "
            "from 0"
        )


def _wrong_drift(config: Mapping[str, object], section: Mapping[str, object]) -> Iterator[str]:
    for index, name in enumerate(section.get("modes", [])):
        known = modes.get(name)
        if name not in config["modes"]:
            yield f"kernels.drift.modes[{index}]: {name!r} is no mode of the run, {config['modes']}; add it to modes"
        elif "addition" not in known.evaluations:
            yield f"kernels.drift.modes[{index}]: {name!r} takes no part in addition; remove it"
        elif not known.owns_checkpoints:
            yield f"kernels.drift.modes[{index}]: {name!r} uses the vectors of {known.vectors_of!r}; name that mode"


def _wrong_memory(config: Mapping[str, object]) -> Iterator[str]:
    """On a processor, what kernels hold is part of the job's memory."""
    if "kernels" not in config:
        return
    held = config["kernels"]["memory_mib"]
    for model in config["models"]:
        tables = [model.get("resources", {}), config["resources"]]
        table = next(table[name] for name in ("kernels", "evaluate") for table in tables if name in table)
        if not table["gpu"] and held >= table["mem_mb"]:
            yield (
                f"kernels.memory_mib: got {held}, but a job on kernels of {model['name']} asks for "
                f"{table['mem_mb']} MiB in all; lower it, or raise mem_mb under resources.kernels"
            )
