"""Stages of a run and the work in them: what their jobs push through which model."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass

from lib import cost
from lib.data import tasks
from lib.data.datasets import DATASETS
from lib.editing.coefficients import alpha_grid
from lib.training import modes
from workflow_scripts.configuration.benchmark import Benchmark, Model, Task


@dataclass(frozen=True)
class Work:
    """Images that some jobs push through a model. stage: train or evaluate; flops: of all images together."""

    model: Model
    mode: str
    stage: str
    images: int
    flops: int


@dataclass(frozen=True)
class Stage:
    """A rule of the workflow over the whole run. resources: the table of the configuration that it asks from."""

    name: str
    jobs: int
    resources: str
    bytes: int = 0
    steps: int = 0
    work: tuple[Work, ...] = ()


def evaluated(
    bench: Benchmark, runs: Iterable[Mapping], known, parts: list[tuple[int, int]], vectors: int = 1
) -> Iterator[Work]:
    """runs: model, seed and mode of each evaluation; parts: (edited models, images)."""
    for where in runs:
        model, mode = bench.model(where["model"]), modes.get(where["mode"])
        images = sum(cost.passes(models, tangent=mode.tangent) * n for models, n in parts)
        flops = images * cost.evaluation_flops(known[model.name], tangent=mode.tangent, vectors=vectors)
        yield Work(model, mode.name, "evaluate", images, flops)


def negated(
    bench: Benchmark, sizes: Mapping[str, Mapping[str, int]], name: str, *, tested: int
) -> list[tuple[int, int]]:
    """(edited models, images) of one negated task: a sweep on it and on the control, then `tested` models on test."""
    alphas, control = bench.evaluation["alphas"]["points"], sizes[bench.control.name]
    without_zero = int(0 not in alpha_grid(**bench.evaluation["alphas"]))  # the control at alpha 0 is always needed
    swept = [(alphas, sizes[name]["val"]), (alphas + without_zero, control["val"])]
    return [*swept, (tested, sizes[name]["test"]), (tested, control["test"])]


def number_of_classes(task: Task) -> int:
    """The number of classes; 10, a guess for a few kilobytes, where only the reader knows."""
    if DATASETS[task.dataset].official:
        return len(tasks.read(task.dataset).class_names)
    if task.dataset == "synthetic":
        from lib.synthetic.world import KINDS

        return len(KINDS[task.options["kind"]].class_names)
    return len(task.options.get("class_names", range(10)))
