"""What the arena's table tells of methods beside their accuracies: what they read, and what their training costs."""

from __future__ import annotations

from lib import cost
from lib.editing.merging_rules import RULES
from lib.parameters import matching
from lib.reads import told
from lib.text_cost import TextTower
from lib.training import modes
from workflow_scripts.configuration import resolution
from workflow_scripts.configuration.benchmark import Benchmark, Model
from workflow_scripts.configuration.participation import SUM

_DIGITS = 6  # of a ratio of FLOPs


def reads(bench: Benchmark) -> dict[str, dict[str, str]]:
    """Mode -> merging rule -> what both read of the tasks' data, in words, of all that the run adds."""
    return {
        mode: {rule: told(modes.get(mode).reads, RULES[rule].reads) for rule in bench.rules}
        for mode in bench.modes_in("addition")
    }


def training_costs(bench: Benchmark) -> dict[str, dict[str, float]]:
    """Model -> mode -> FLOPs of a training step over those of a step of standard fine-tuning, by `lib.cost`.

    A mode without checkpoints of its own costs what its task vectors do. What is computed once before training is left
    out; of what an objective adds to a step, `Mode.more_images` are counted.
    """
    known = {model.name: _tower(bench, model) for model in bench.pretrained}
    return {
        name: {mode: _cost(bench, tower, modes.get(modes.get(mode).vectors_of)) for mode in bench.modes_in("addition")}
        for name, tower in known.items()
        if tower is not None
    }


def sums(bench: Benchmark) -> list[dict[str, object]]:
    """Model, seed, mode and merging rule of every addition by the sum, whose alphas are compared."""
    return [where for where in bench.additions(bench.pretrained) if where["merging"] == SUM]


def learned(bench: Benchmark) -> list[dict[str, object]]:
    """Model, seed, mode and merging rule of every set of coefficients that is learned."""
    return [where for where in bench.additions(bench.pretrained) if RULES[where["merging"]].learned]


def moments(bench: Benchmark, kind: str) -> list[dict[str, object]]:
    """Model, seed, mode and task of every fine-tuned model whose moments of a kind, "gram" or "fisher", rules read."""
    if not any(kind in RULES[rule].statistics for rule in bench.rules):
        return []
    return [
        {**where, "task": task} for where in bench.evaluated("addition", bench.pretrained) for task in bench.task_names
    ]


def _cost(bench: Benchmark, tower: cost.Tower | TextTower, mode: modes.Mode) -> float:
    trained = matching(tower.sizes, mode.patterns_of(bench.kind))
    images = 1 + mode.more_images / bench.finetune["batch_size"]
    own = cost.training_flops(tower, tangent=mode.tangent, trained=trained) * images
    return round(own / cost.training_flops(tower, tangent=False, trained=tower.sizes), _DIGITS)


def _tower(bench: Benchmark, model: Model) -> cost.Tower | TextTower | None:
    """A model's sizes; None where open_clip is not installed and is needed to look them up."""
    configuration = resolution.architecture(model)
    if configuration is None:
        return None
    return cost.tower(configuration) if bench.texts is None else TextTower.of(configuration, bench.texts["length"])
