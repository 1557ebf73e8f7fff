"""The work of merging rules that learn coefficients or read moments, and of the arena's table."""

from __future__ import annotations

from collections.abc import Iterator

from lib import cost
from lib.editing.merging_rules import MOMENTS
from lib.training import modes
from workflow_scripts.commands.work import Stage, Work
from workflow_scripts.configuration import arena, resolution
from workflow_scripts.configuration.benchmark import Benchmark


def stages(bench: Benchmark, known, sizes) -> Iterator[Stage]:
    """Their rules; none that the run does not ask for. known: towers by model; sizes: images by task and split."""
    jobs = arena.learned(bench)
    yield Stage("coefficients", len(jobs), "evaluate", work=tuple(_learned(bench, known, sizes)))
    for kind in ("gram", "fisher"):
        jobs = arena.moments(bench, kind)
        # ASSUME: a Gram matrix is as large as its weight, on average; a Fisher information is as large as the tower
        stored = cost.FLOAT_BYTES * sum(sum(known[where["model"]].sizes.values()) for where in jobs)
        yield Stage(kind, len(jobs), "evaluate", stored, work=tuple(_moments(bench, known, sizes, kind)))
    made = int(bench.arena is not None)
    yield from (Stage(name, made, "report") for name in ("arena_table", "arena_figure"))


def _learned(bench: Benchmark, known, sizes) -> Iterator[Work]:
    """From features, one pass over a split; else a training step of everything for each batch of each task."""
    for where in arena.learned(bench):
        model, mode, vit = bench.model(where["model"]), modes.get(where["mode"]), known[where["model"]]
        settings = resolution.learned(bench, mode.name, where["merging"])
        split = [sizes[task][settings["split"]] for task in bench.task_names]
        if settings["features"]:
            images, flops = sum(split), cost.evaluation_flops(vit, tangent=True, vectors=len(bench.tasks))
        else:
            learning = settings["learning"]
            images = learning["steps"] * sum(min(n, learning["batch"]) for n in split)
            flops = cost.training_flops(vit, tangent=mode.tangent, trained=vit.sizes)
        yield Work(model, mode.name, "evaluate", images, images * flops)


def _moments(bench: Benchmark, known, sizes, kind: str) -> Iterator[Work]:
    """Of Gram matrices a forward pass; of Fisher information the gradient of one drawn label, too."""
    for where in arena.moments(bench, kind):
        model, vit = bench.model(where["model"]), known[where["model"]]
        images = min(MOMENTS["images"], sizes[where["task"]]["fit"])
        one = cost.evaluation_flops(vit, tangent=False)
        flops = one if kind == "gram" else cost.training_flops(vit, tangent=False, trained=vit.sizes)
        yield Work(model, where["mode"], "evaluate", images, images * flops)
