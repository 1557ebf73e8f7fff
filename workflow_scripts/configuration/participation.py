"""Which modes a model of the configuration takes part in, and what a randomly initialised one takes part in at all."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from itertools import product

from lib.training import modes

OF_RANDOM_INIT = ("single_task", "addition")  # the evaluations of randomly initialised models, beside zero-shot
SUM = "sum"  # the merging rule of their table


def modes_of(model: Mapping[str, object], all_modes: Sequence[str]) -> list[str]:
    """A model's modes, in the run's order: its own, else all; of a random tower, all that take part in addition."""
    own = model.get("modes") or [
        mode for mode in all_modes if not model.get("image_tower") or "addition" in modes.get(mode).evaluations
    ]
    return [mode for mode in all_modes if mode in own]


def owners(names: Iterable[str]) -> list[str]:
    """The modes whose checkpoints these modes use."""
    return list(dict.fromkeys(modes.get(name).vectors_of for name in names))


def curvatures(
    trainings: Iterable[Mapping[str, object]], tasks: Sequence[str], models: Sequence[str] = ()
) -> list[dict[str, object]]:
    """Model and task of every curvature that these trainings (model, mode and task) read of the other tasks; of every
    task of these models.
    """
    readers = [where for where in trainings if "curvature" in modes.get(where["mode"]).others]
    read = ((where["model"], task) for where in readers for task in tasks if task != where["task"])
    every = dict.fromkeys([*read, *product(models, tasks)])
    return [{"model": model, "task": task} for model, task in every]


def wrong_models(config: Mapping[str, object]) -> Iterator[str]:
    """Models with modes that the run does not have or their table cannot show; runs without a pre-trained model."""
    for index, model in enumerate(config["models"]):
        if "modes" in model:
            yield from _wrong_modes(f"models[{index}]", model, config["modes"])
    random = [f"models[{index}]" for index, model in enumerate(config["models"]) if "image_tower" in model]
    if len(random) == len(config["models"]):
        yield (
            "models: all image towers are random, but every table and figure except random_init is of pre-trained "
            "models; add one without image_tower"
        )
    if random and SUM not in [entry["rule"] for entry in config["merging"]]:
        yield f"merging: {SUM} is missing, by which {', '.join(random)} with a random image tower is evaluated; add it"


def _wrong_modes(key: str, model: Mapping[str, object], all_modes: Sequence[str]) -> Iterator[str]:
    own = model["modes"]
    if "image_tower" not in model:
        yield f"{key}.modes: got {own}, but tables and figures show every mode of a pre-trained model; remove it"
    if not modes_of(model, all_modes):
        yield f"{key}.modes: got {own}, none of the run's modes {all_modes}; add one of them there, or remove the model"
    for mode in own:
        if "addition" not in modes.get(mode).evaluations:
            yield f"{key}.modes: {mode!r} takes no part in addition, which the table random_init shows; remove it"
        if modes.get(mode).vectors_of not in own:
            yield f"{key}.modes: {mode!r} uses the task vectors of {modes.get(mode).vectors_of!r}; add that mode"
