"""What is wrong with a configuration's analogies, auxiliary tasks and controls of negation."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from lib.data.datasets import DATASETS
from lib.data.splits import validation_size
from lib.training import modes
from workflow_scripts.configuration.names import tasks_of

_LONGEST = 200  # characters of a quadruple's name, which is that of a folder and of files


def wrong_analogies(config: Mapping[str, object]) -> Iterator[str]:
    """Unknown or repeated tasks, modes that take no part, more shots than a class can have, tasks that nothing uses."""
    section = config.get("analogies", {"quadruples": [], "modes": []})
    used = {task for quadruple in section["quadruples"] for task in quadruple.values()}
    for index, task in enumerate(config.get("auxiliary", [])):
        if task["name"] not in used:
            yield f"auxiliary[{index}]: no analogy names {task['name']!r}; name it in one, or remove it"
    yield from _wrong_quadruples(config, section["quadruples"])
    for mode in section["modes"]:
        if mode not in config["modes"]:
            yield f"analogies.modes: {mode!r} is not one of the run's modes, {', '.join(config['modes'])}"
        elif "analogy" not in modes.get(mode).evaluations:
            yield f"analogies.modes: {mode!r} takes no part in analogies; remove it"
    if "few_shot" in section:
        yield from _wrong_few_shot(config, section)
    if "negation_controls" in config and "standard" not in config["modes"]:
        yield "negation_controls: they are those of the mode standard; add it to modes, or remove the section"


def _wrong_quadruples(config: Mapping[str, object], quadruples: list[Mapping[str, str]]) -> Iterator[str]:
    names = [task["name"] for key, task in tasks_of(config) if key != "control"]
    for index, quadruple in enumerate(quadruples):
        key, tasks = f"analogies.quadruples[{index}]", [quadruple[letter] for letter in "abcd"]
        for letter, name in quadruple.items():
            if name not in names:
                yield f"{key}.{letter}: unknown task {name!r}; tasks: {', '.join(names)}"
        if len(set(tasks)) < 4:
            yield f"{key}: got {tasks}, expected four tasks that all differ"
        if quadruples.index(quadruple) < index:
            yield f"{key}: is the same as analogies.quadruples[{quadruples.index(quadruple)}]; remove one"
        if len("--".join(tasks)) > _LONGEST:
            yield f"{key}: the names of its tasks, joined, are longer than {_LONGEST} characters; choose shorter ones"


def _wrong_few_shot(config: Mapping[str, object], section: Mapping[str, object]) -> Iterator[str]:
    few, known = section["few_shot"], {task["name"]: task for _, task in tasks_of(config)}
    if few["warmup"] > few["steps"]:
        yield f"analogies.few_shot.warmup: got {few['warmup']}, expected at most steps, {few['steps']}"
    for name in dict.fromkeys(quadruple["d"] for quadruple in section["quadruples"]):
        most = most_of_the_rarest_class(config, known[name]) if name in known else None
        if most is not None and max(few["shots"]) > most:
            yield (
                f"analogies.few_shot.shots: got {max(few['shots'])}, but the rarest class of {name} has at most {most} "
                "images to fit; ask for fewer"
            )


def most_of_the_rarest_class(config: Mapping[str, object], task: Mapping[str, object]) -> int | None:
    """A class with the fewest images to fit has at most n // C of them; None where n or C is not known."""
    dataset, options = DATASETS[task["dataset"]], task.get("options", {})
    counts, classes = dataset.counts(task.get("source"), options), dataset.number_of_classes(options)
    if counts is None or classes is None:
        return None
    rule = {key: config["split"][key] for key in ("fraction", "maximum")}
    own = "val" in counts or dataset.has_own_validation(task.get("source"))
    return (counts["train"] - (0 if own else validation_size(counts["train"], **rule))) // classes
