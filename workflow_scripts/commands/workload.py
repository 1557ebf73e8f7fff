"""What a configuration's run does: for each rule its jobs, optimizer steps, images, FLOPs and bytes."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from lib import cost
from lib.data.datasets import DATASETS
from lib.editing import subsets
from lib.files.outcomes import stored_bytes
from lib.models.architectures import read_configuration
from lib.parameters import matching
from lib.text_cost import TextTower
from lib.training import modes
from workflow_scripts.commands import workload_arena, workload_beside, workload_kernels
from workflow_scripts.commands.work import Stage, Work, evaluated, negated, number_of_classes
from workflow_scripts.configuration import drift, resolution
from workflow_scripts.configuration.benchmark import Benchmark, ConfigurationError, Model, Task
from workflow_scripts.configuration.participation import curvatures


def stages(bench: Benchmark) -> list[Stage]:
    """Every rule that a run from scratch starts, with what it does and leaves on disk."""
    known = vits(bench)
    sizes = {task.name: cost.split_sizes(counts(task), **split_rule(bench)) for task in bench.prepared_tasks}
    trained, imported = trainings(bench), len(bench.checkpoints)
    thetas = cost.FLOAT_BYTES * _parameters(known[model.name] for model, _, _ in trained)
    imports = cost.FLOAT_BYTES * _parameters(known[entry.model] for entry in bench.checkpoints)
    evaluations = {name: len(bench.evaluated(name)) for name in modes.EVALUATIONS}
    prepared = {task.name: prepared_bytes(bench, task, sizes[task.name]) for task in bench.prepared_tasks}
    to_fit = (*bench.tasks, *bench.auxiliary)
    has_pairs = bool(bench.pairs)
    everything = [
        Stage("prepare", len(to_fit), "prepare", sum(prepared[task.name] for task in to_fit)),
        Stage("prepare_control", 1, "prepare", prepared[bench.control.name]),
        Stage("pretrained", len(known), "pretrained", _pretrained_bytes(known.values())),
        Stage("head", sum(len(bench.tasks_with_heads(model)) for model in bench.models), "head", _head_bytes(bench)),
        Stage("zero_shot", len(known), "evaluate", work=tuple(_zero_shot(bench, known, sizes))),
        Stage(
            "finetune", len(trained), "finetune", thetas, _steps(bench, sizes), tuple(_finetune(bench, known, sizes))
        ),
        Stage("curvature", len(_curvatures(bench)), "evaluate", work=tuple(_curvature(bench, known, sizes))),
        Stage("import_checkpoint", imported, "pretrained", imports),
        Stage("task_vector", len(trained) + imported, "report", thetas + imports),
        Stage("single_task", evaluations["single_task"], "evaluate", work=tuple(_single_task(bench, known, sizes))),
        Stage(
            "addition",
            len(bench.additions()),
            "evaluate",
            work=tuple(_addition(bench, known, sizes)),
        ),
        Stage(
            "negation",
            evaluations["negation"] * len(bench.tasks),
            "evaluate",
            work=tuple(_negation(bench, known, sizes)),
        ),
        Stage(
            "disentanglement",
            evaluations["disentanglement"] * has_pairs,
            "evaluate",
            evaluations["disentanglement"] * _outcome_bytes(bench, sizes),
            work=tuple(_disentanglement(bench, known, sizes)),
        ),
        *workload_beside.stages(bench, known, sizes),
        *workload_kernels.stages(bench, known, sizes),
        Stage("similarity", len(bench.compared()), "report"),
        Stage("subsets", len(bench.subset_runs), "subsets", work=tuple(_subsets(bench, known, sizes))),
        *(Stage(name, int(bool(bench.subset_runs)), "report") for name in ("subset_tables", "subset_figures")),
        *(
            Stage(name, 1, "report")
            for name in ("bootstrap", "tables", "reproduction", "pages", "findings", "alpha_sweeps", "loss_curves")
        ),
        *(Stage(name, 1, "report") for name in ("similarity_table", "similarity_maps")),
        Stage("disentanglement_table", int(has_pairs), "report"),
        *workload_arena.stages(bench, known, sizes),
        Stage("random_init", int(bool(bench.random_init)), "report"),
        Stage("scatters", int(bool(bench.scattered)), "report"),
        Stage("heatmaps", int(has_pairs), "report"),
    ]
    return [stage for stage in everything if stage.jobs]


def trainings(bench: Benchmark) -> list[tuple[Model, modes.Mode, Task]]:
    """What is fine-tuned, once a seed: everything but what an imported checkpoint stands for."""
    imported = {(entry.model, entry.seed, entry.mode, entry.task) for entry in bench.checkpoints}
    return [
        (bench.model(where["model"]), modes.get(where["mode"]), bench.task(where["task"]))
        for where in bench.trainings()
        if tuple(where.values()) not in imported
    ]


def counts(task: Task) -> dict[str, int]:
    """Images by split as the task's source ships them. Raises ConfigurationError for a folder that declares none."""
    found = DATASETS[task.dataset].counts(task.source, task.options)
    if found is None:
        raise ConfigurationError(
            f"{task.name}: how many images it has is not known before it is read; to plan, add "
            "options.expected_counts: {train: ..., test: ...}"
        )
    return found


def vits(bench: Benchmark) -> dict[str, cost.Tower | TextTower]:
    """The sizes of every model of the run, by name."""
    if bench.texts is not None:
        return {m.name: TextTower.of(resolution.architecture(m), bench.texts["length"]) for m in bench.models}
    return {
        model.name: cost.tower(read_configuration(model.architecture, model.architectures)) for model in bench.models
    }


def _zero_shot(bench: Benchmark, known, sizes) -> Iterator[Work]:
    for model in bench.models:
        images = sum(sizes[name]["val"] + sizes[name]["test"] for name in (*bench.task_names, bench.control.name))
        flops = images * cost.evaluation_flops(known[model.name], tangent=False)
        yield Work(model, modes.get("standard").name, "evaluate", images, flops)


def _finetune(bench: Benchmark, known, sizes) -> Iterator[Work]:
    for model, mode, task in trainings(bench):
        images, vit = task.epochs * sizes[task.name]["fit"], known[model.name]
        trained = matching(vit.sizes, mode.patterns_of(bench.kind))
        flops = images * cost.training_flops(vit, tangent=mode.tangent, trained=trained)
        yield Work(model, mode.name, "train", images, flops)


def _curvatures(bench: Benchmark) -> list[dict[str, object]]:
    read = ({"model": model.name, "mode": mode.name, "task": task.name} for model, mode, task in trainings(bench))
    return curvatures(read, bench.task_names, drift.models(bench))


def _curvature(bench: Benchmark, known, sizes) -> Iterator[Work]:
    """A training step without an optimizer: the products of factors stand for those of the weights' gradients."""
    drawn = resolution.curvature(bench.kind)["drawn"]
    for where in _curvatures(bench):
        vit, images = known[where["model"]], min(drawn["images"], sizes[where["task"]]["fit"])
        flops = images * drawn["samples"] * cost.training_flops(vit, tangent=False, trained=vit.sizes)
        yield Work(bench.model(where["model"]), modes.get("standard").name, "train", images, flops)


def _steps(bench: Benchmark, sizes) -> int:
    batch = bench.finetune["batch_size"]
    return sum(cost.optimizer_steps(task.epochs, sizes[task.name]["fit"], batch) for _, _, task in trainings(bench))


def _single_task(bench: Benchmark, known, sizes) -> Iterator[Work]:
    parts = [(1, sizes[t][split]) for t in bench.task_names for split in ("val", "test")]
    yield from evaluated(bench, bench.evaluated("single_task"), known, parts)


def _addition(bench: Benchmark, known, sizes) -> Iterator[Work]:
    for rule in bench.rules:
        alphas = len(resolution.merging(bench, rule)["alphas"])
        parts = [part for t in bench.task_names for part in ((alphas, sizes[t]["val"]), (1, sizes[t]["test"]))]
        where = [where for where in bench.additions() if where["merging"] == rule]
        yield from evaluated(bench, where, known, parts)


def _negation(bench: Benchmark, known, sizes) -> Iterator[Work]:
    parts = [part for name in bench.task_names for part in negated(bench, sizes, name, tested=1)]
    yield from evaluated(bench, bench.evaluated("negation"), known, parts)


def _disentanglement(bench: Benchmark, known, sizes) -> Iterator[Work]:
    points, images = bench.disentanglement["alphas"]["points"], bench.disentanglement["images"]
    pairs = bench.disentanglement["pairs"]
    parts = [(points + points**2, min(images, sizes[task]["test"])) for pair in pairs for task in pair]
    yield from evaluated(bench, bench.evaluated("disentanglement"), known, parts, vectors=2)


def _outcome_bytes(bench: Benchmark, sizes) -> int:
    """What one model, seed and mode leaves of all pairs."""
    points, images = bench.disentanglement["alphas"]["points"], bench.disentanglement["images"]
    drawn = ({task: min(images, sizes[task]["test"]) for task in pair} for pair in bench.disentanglement["pairs"])
    return sum(stored_bytes(points, of_pair) for of_pair in drawn)


def _subsets(bench: Benchmark, known, sizes) -> Iterator[Work]:
    for where in bench.subset_runs:
        model, mode = bench.model(where["model"]), modes.get(where["mode"])
        counts = subset_passes(bench, mode.name)
        images = sum(val * sizes[task]["val"] + test * sizes[task]["test"] for task, (val, test) in counts.items())
        flops = cost.evaluation_flops(known[model.name], tangent=mode.tangent, vectors=len(bench.tasks))
        yield Work(model, mode.name, "evaluate", images, images * flops)


def subset_passes(bench: Benchmark, mode: str) -> dict[str, tuple[int, int]]:
    """Task -> passes over its val and over its test that the subsets of tasks take in a mode of a model and seed."""
    settings = resolution.subsets(bench, mode)
    listed = subsets.listed(bench.task_names, settings["sample"])
    found = {}
    for task in bench.task_names:
        edited = sum(task in subset for subset in listed) * len(settings["alphas"]), len(listed)
        found[task] = tuple(cost.passes(models, tangent=settings["at_once"]) for models in edited)
    return found


def split_rule(bench: Benchmark) -> dict[str, object]:
    """What decides how many images of train are held out."""
    return {key: bench.split[key] for key in ("fraction", "maximum")}


def _parameters(towers: Iterable[cost.Tower]) -> int:
    return sum(sum(vit.sizes.values()) for vit in towers)


def _pretrained_bytes(towers: Iterable[cost.Tower]) -> int:
    return cost.FLOAT_BYTES * sum(vit.size_of_all + _parameters([vit]) for vit in towers)


def _head_bytes(bench: Benchmark) -> int:
    known = vits(bench)
    heads = [(model, task) for model in bench.models for task in bench.tasks_with_heads(model)]
    return cost.FLOAT_BYTES * sum(number_of_classes(task) * known[model.name].embed_dim for model, task in heads)


def prepared_bytes(bench: Benchmark, task: Task, size: dict[str, int]) -> int:
    """An estimate of what a task's prepared splits take on disk. size: images by split."""
    if bench.texts is not None:
        parts = ("val", "test") if task is bench.control else ("fit", "val", "test")
        return cost.text_bytes(sum(size[part] for part in parts), bench.texts["length"])
    held_out = cost.evaluation_bytes(size["val"] + size["test"], bench.image_size)
    if task is bench.control:
        return held_out
    return held_out + cost.fit_bytes(size["fit"], task.dataset, bench.train_short_side)
