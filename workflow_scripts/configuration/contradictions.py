"""What no schema can say of a configuration: names that clash or that nothing declares, files that are absent."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping

from lib.editing.coefficients import alpha_grid
from lib.editing.merging_rules import RULES
from lib.training import modes
from workflow_scripts.configuration.analogies import wrong_analogies
from workflow_scripts.configuration.data_sets import wrong_data
from workflow_scripts.configuration.entries import LEARNING
from workflow_scripts.configuration.kernels import wrong_kernels
from workflow_scripts.configuration.model_files import wrong_files
from workflow_scripts.configuration.names import clashes
from workflow_scripts.configuration.participation import owners, wrong_models

_MOST_TASKS = 10  # of a run with subsets: 1,023 of them


def contradictions(config: Mapping[str, object], *, look: bool) -> Iterator[str]:
    """The faults of a configuration that its schema cannot see. look: at users' folders of images, too."""
    yield from clashes(config)
    yield from _wrong_modes(config)
    yield from wrong_models(config)
    for grid in ("evaluation", "disentanglement"):
        yield from _wrong_grid(f"{grid}.alphas", config[grid]["alphas"])
    for index, entry in enumerate(config["merging"]):
        yield from _wrong_grid(f"merging[{index}].alphas", entry["alphas"]) if "alphas" in entry else ()
    for rule, count in Counter(entry["rule"] for entry in config["merging"]).items():
        if count > 1:
            yield f"merging: {count} entries have the rule {rule!r}; a run has each rule once"
    yield from _wrong_merging(config)
    yield from _wrong_subsets(config)
    yield from wrong_files(config)
    yield from (told := list(wrong_data(config, look=look)))
    if not told:  # what follows counts images by options that are right
        yield from wrong_analogies(config)
        yield from wrong_kernels(config)
    yield from _wrong_processes(config)


def _wrong_modes(config: Mapping[str, object]) -> Iterator[str]:
    if not any("addition" in modes.get(name).evaluations for name in config["modes"]):
        yield f"modes: none of {config['modes']} takes part in addition; add one that does, such as standard"
    rates = config["finetune"]["learning_rate"]
    for mode in owners(config["modes"]):
        if mode not in rates and "learning_rate" not in modes.get(mode).recipe:
            yield f"finetune.learning_rate: {mode} is missing, but the modes {config['modes']} need it"


def _wrong_merging(config: Mapping[str, object]) -> Iterator[str]:
    for index, entry in enumerate(config["merging"]):
        rule, told = RULES[entry["rule"]], entry.get("transductive", False)
        if rule.transductive and not told:
            yield f"merging[{index}]: {entry['rule']!r} learns from test images; set transductive: true, or remove it"
        if told and not rule.transductive:
            yield f"merging[{index}].transductive: {entry['rule']!r} reads no test images; remove it"
        for key in LEARNING:
            if key in entry and rule.learned is None:
                yield f"merging[{index}].{key}: {entry['rule']!r} learns no coefficients; remove it"


def _wrong_subsets(config: Mapping[str, object]) -> Iterator[str]:
    section = config.get("subsets")
    if section is None:
        return
    yield from _wrong_grid("subsets.alphas", section["alphas"]) if "alphas" in section else ()
    for index, name in enumerate(section.get("modes", [])):
        if name not in config["modes"]:
            yield f"subsets.modes[{index}]: {name!r} is no mode of the run, {config['modes']}; add it to modes"
        elif "addition" not in modes.get(name).evaluations:
            yield f"subsets.modes[{index}]: {name!r} takes no part in addition; remove it"
    if (tasks := len(config["tasks"])) > _MOST_TASKS:
        yield (
            f"subsets: {tasks} tasks have {2**tasks - 1} subsets, expected at most {_MOST_TASKS} tasks; remove the "
            "section, or tasks"
        )


def _wrong_grid(key: str, grid: Mapping[str, float]) -> Iterator[str]:
    """A grid that runs backwards, or whose points print alike in four digits, as messages and figures show them."""
    if grid["stop"] <= grid["start"]:
        yield f"{key}: stop is {grid['stop']}, expected more than start, {grid['start']}"
        return
    printed = [f"{alpha:.4g}" for alpha in alpha_grid(**grid)]
    twice = next((text for text, after in zip(printed, printed[1:], strict=False) if text == after), None)
    if twice:
        yield f"{key}: {grid['points']} points lie so close that two print as {twice}; take fewer, or a wider range"


def _wrong_processes(config: Mapping[str, object]):
    for index, model in enumerate(config["models"]):
        table = model.get("resources", {}).get("finetune", config["resources"]["finetune"])
        wanted, gpus = model["processes"], table["gpu"]
        asked = f"{gpus} GPU" if gpus == 1 else f"{gpus} GPUs"
        if gpus not in (0, wanted):
            yield (
                f"models[{index}].processes: {wanted}, but a fine-tuning job of {model['name']} asks for {asked}; "
                f"each process takes one: set processes: {gpus}, or gpu: {wanted} under resources.finetune"
            )
        if config["finetune"]["batch_size"] < wanted * model["accumulate"]:
            yield (
                f"models[{index}]: a batch of {config['finetune']['batch_size']} cannot be cut into {wanted} processes "
                f"x {model['accumulate']} micro-batches; lower processes or accumulate"
            )
