"""The work of the kernel view: what its jobs push through which model."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from lib import cost
from lib.training import modes
from workflow_scripts.commands.work import Stage, Work, number_of_classes
from workflow_scripts.configuration import drift
from workflow_scripts.configuration.benchmark import Benchmark, Model


def stages(bench: Benchmark, known, sizes) -> Iterator[Stage]:
    """Their rules; none that the run does not ask for. known: towers by model; sizes: images by task and split."""
    kernels = bench.kernels
    jobs = {
        "localization": kernels.localized(bench.models),
        "kernel_regression": kernels.regressed(bench.pretrained),
        "laziness": bench.diagnosed(),
        "drift": drift.measured(bench),
    }
    works = {"localization": _localization, "kernel_regression": _regression, "laziness": _laziness, "drift": _drift}
    for name, places in jobs.items():
        yield Stage(name, len(places), "kernels", work=tuple(works[name](bench, known, sizes)))
    networks = kernels.wide_networks
    trained = 2 * len(networks["widths"]) * len(networks["seeds"]) * networks["steps"] if networks else 0
    yield Stage("wide_networks", int(bool(networks)), "kernels", steps=trained)
    reports = {
        "localization": ("table", "figures"),
        "kernel_regression": ("table", "figure"),
        "wide_networks": ("table", "figures"),
        "laziness": ("table", "figure"),
        "drift": ("table",),
    }
    asked = {**{name: bool(places) for name, places in jobs.items()}, "wide_networks": bool(networks)}
    for name, kinds in reports.items():
        yield from (Stage(f"{name}_{kind}", int(asked[name]), "report") for kind in kinds)


def _localization(bench: Benchmark, known, sizes) -> Iterator[Work]:
    settings = bench.kernels.localization
    for where in bench.kernels.localized(bench.models):
        points = [min(settings["points"], sizes[where[name]]["fit"]) for name in ("task", "control")]
        outputs = _outputs(bench, where["task"], settings["logits"])
        yield _kernel(bench.model(where["model"]), known, "standard", points[0], sum(points), outputs)


def _regression(bench: Benchmark, known, sizes) -> Iterator[Work]:
    """Of each split the kernels of its largest number of shots, and fine-tuning with every learning rate."""
    settings = bench.kernels.regression_settings
    for where in bench.kernels.regressed(bench.pretrained):
        model, task = bench.model(where["model"]), where["task"]
        classes = number_of_classes(bench.task(task))
        rows = classes * max(settings["shots"])
        held = [min(settings[name], sizes[task][part]) for name, part in (("validation", "val"), ("test", "test"))]
        kernel = _kernel(model, known, "standard", rows, rows + sum(held), classes, len(settings["kernels"]))
        yield Work(model, "standard", "evaluate", settings["splits"] * kernel.images, settings["splits"] * kernel.flops)
        yield _tuning(model, known, settings, classes)


def _tuning(model: Model, known, settings: Mapping, classes: int) -> Work:
    tuned = settings["finetune"]
    runs = settings["splits"] * sum(map(len, tuned["learning_rates"].values()))
    images = runs * tuned["steps"] * sum(min(tuned["batch_size"], classes * k) for k in settings["shots"])
    vit = known[model.name]
    flops = cost.training_flops(vit, tangent=False, trained=vit.sizes)
    return Work(model, "standard", "train", images, images * flops)


def _laziness(bench: Benchmark, known, sizes) -> Iterator[Work]:
    """Kernels before and after, of each task."""
    settings = bench.kernels.laziness
    for where in bench.diagnosed():
        for task in bench.task_names:
            points = min(settings["points"], sizes[task]["val"])
            outputs = _outputs(bench, task, settings["logits"])
            kernel = _kernel(bench.model(where["model"]), known, where["mode"], points, points, outputs)
            yield Work(kernel.model, kernel.mode, "evaluate", 2 * kernel.images, 2 * kernel.flops)


def _drift(bench: Benchmark, known, sizes) -> Iterator[Work]:
    """A pass over some images of each task, with a tangent of every task vector; quadratic forms take little."""
    for where in drift.measured(bench):
        model = bench.model(where["model"])
        images = sum(min(bench.kernels.drift["points"], sizes[task]["val"]) for task in bench.task_names)
        flops = images * cost.evaluation_flops(known[model.name], tangent=True, vectors=len(bench.tasks))
        yield Work(model, "linear", "evaluate", images, flops)


def _outputs(bench: Benchmark, task: str, logits: int | None) -> int:
    classes = number_of_classes(bench.task(task))
    return classes if logits is None else min(logits, classes)


def _kernel(model: Model, known, mode: str, rows: int, columns: int, outputs: int, pairings: int = 1) -> Work:
    flops = cost.kernel_flops(known[model.name], rows, columns, outputs=outputs, pairings=pairings)
    return Work(model, modes.get(mode).name, "evaluate", rows + columns, flops)
