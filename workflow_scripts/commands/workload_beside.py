"""The work of controls of negation, analogies and few-shot fine-tuning."""

from __future__ import annotations

from collections.abc import Iterator

from lib import cost
from lib.training import modes
from workflow_scripts.commands.work import Stage, Work, evaluated, negated, number_of_classes
from workflow_scripts.configuration import resolution
from workflow_scripts.configuration.benchmark import Benchmark


def stages(bench: Benchmark, known, sizes) -> Iterator[Stage]:
    """Their rules; none that the run does not ask for. known: towers by model; sizes: images by task and split."""
    analogies, controls = bench.analogies, bench.controls_of_negation()
    yield Stage("negation_controls", len(controls), "evaluate", work=tuple(_controls(bench, known, sizes)))
    yield Stage("negation_controls_table", int(bool(controls)), "report")
    jobs = len(bench.analogous(analogies.modes))
    yield Stage("analogy", jobs, "evaluate", work=tuple(_analogies(bench, known, sizes)))
    yield Stage("analogies_table", int(bool(jobs)), "report")
    if trained := len(bench.analogous(analogies.few_shot_modes)):
        steps = trained * 2 * len(analogies.shots) * analogies.few_shot["steps"]
        yield Stage("few_shot", trained, "finetune", steps=steps, work=tuple(_few_shot(bench, known, sizes)))
        yield Stage("analogies_figure", 1, "report")


def _controls(bench: Benchmark, known, sizes) -> Iterator[Work]:
    models = len(resolution.negation_controls(bench)) + 1  # the random vector
    for where in bench.controls_of_negation():
        yield from evaluated(bench, [where], known, negated(bench, sizes, where["task"], tested=models))


def _analogies(bench: Benchmark, known, sizes) -> Iterator[Work]:
    alphas = bench.evaluation["alphas"]["points"]
    for where in bench.analogous(bench.analogies.modes):
        of_d = sizes[_target(bench, where)]
        yield from evaluated(bench, [where], known, [(alphas, of_d["val"])])
        yield from evaluated(bench, [where], known, [(3, of_d["test"])], vectors=2)


def _few_shot(bench: Benchmark, known, sizes) -> Iterator[Work]:
    """From both starts, for each number of shots: steps of a batch, or of all shots if they are fewer; then test."""
    batch, shots = bench.finetune["batch_size"], bench.analogies.shots
    for where in bench.analogous(bench.analogies.few_shot_modes):
        model, mode, d = bench.model(where["model"]), modes.get(where["mode"]), _target(bench, where)
        classes, vit = number_of_classes(bench.task(d)), known[where["model"]]
        steps = bench.analogies.few_shot["steps"]
        images = 2 * sum(_images_in_steps(number * classes, batch, steps) for number in shots)
        trained = mode.trained(vit.sizes)
        flops = images * cost.training_flops(vit, tangent=mode.tangent, trained=trained)
        yield Work(model, mode.name, "train", images, flops)
        yield from evaluated(bench, [where], known, [(1, sizes[d]["test"])] * 2 * len(shots))


def _target(bench: Benchmark, where: dict[str, object]) -> str:
    return bench.analogies.by_name[where["quadruple"]][3]


def _images_in_steps(n: int, batch: int, steps: int) -> int:
    """Images in so many steps over n images; the last batch of an epoch may be smaller."""
    epochs, rest = divmod(steps, -(-n // batch))
    return epochs * n + min(rest * batch, n)
