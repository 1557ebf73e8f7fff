"""From names to values: what jobs get in the place of a mode, a merging rule, a data set or a model.

All results are builtin values, fit to be a rule's params. They hold what can change a job's result and nothing else;
jobs never import a registry.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from functools import cache
from pathlib import Path

from lib.data import datasets, tasks
from lib.editing.coefficients import alpha_grid
from lib.editing.merging_rules import RULES
from lib.files.digests import remembered_digest, tree_fingerprint
from lib.models.architectures import OpenClipMissing, image_part, read_configuration, vocabulary_file
from lib.training import modes
from workflow_scripts.configuration.base import in_order
from workflow_scripts.configuration.benchmark import Benchmark, Checkpoint, Model, Task
from workflow_scripts.configuration.entries import LEARNING, Merging
from workflow_scripts.configuration.texts import text_configuration
from workflow_scripts.layout import DIGESTS
from workflow_scripts.models.text_files import TOKENIZER, local_file


def training(mode: str, kind: str = "image") -> dict[str, object]:
    """What fine-tuning does in a mode: encoder, batches and objective (modules), settings, patterns of what trains.

    kind: of the run's inputs, "image" or "text".
    """
    known = modes.get(mode)
    return {
        "encoder": known.encoder_module_of(kind),
        "batches": modes.batches_module(kind),
        "objective": known.objective_module,
        "settings": dict(known.settings),
        "trains": list(known.patterns_of(kind)),
    }


def curvature(kind: str = "image") -> dict[str, object]:
    """What a task's curvature is of: encoder (module), patterns of parameters, and how many images and samples."""
    trains = modes.OF_CURVATURE if kind == "image" else modes.OF_CURVATURE_OF_TEXT
    encoder = modes.get("standard").encoder_module_of(kind)
    return {"encoder": encoder, "trains": list(trains), "drawn": dict(modes.CURVATURE)}


def drift(bench: Benchmark) -> dict[str, object]:
    """How drifts are measured, of whatever mode: encoder (module), how many images, of which tasks."""
    encoder = modes.get("linear").encoder_module_of(bench.kind)
    return {"encoder": encoder, "drawn": bench.kernels.drift_settings, "tasks": bench.task_names}


def recipe(bench: Benchmark, mode: str) -> dict[str, object]:
    """What of the configuration's section decides a training run: its rhythm of saving and of progress does not."""
    rhythm = ("log_every", "save_every_seconds")
    values = {key: value for key, value in bench.finetune.items() if key not in rhythm}
    known, rates = modes.get(mode), bench.finetune["learning_rate"]
    stated = {"learning_rate": rates[mode]} if mode in rates else {}
    return {**values, **known.recipe, **stated, **_deterministic(bench)}


def few_shot_recipe(bench: Benchmark, mode: str) -> dict[str, object]:
    """The recipe of fine-tuning, with the steps and the warm-up of few-shot fine-tuning."""
    return recipe(bench, mode) | {key: bench.analogies.few_shot[key] for key in ("steps", "warmup")}


def negation_controls(bench: Benchmark) -> dict[str, str]:
    """Control of negation -> the mode that trains it: fine-tuning, then the run's modes that are trained to forget."""
    return {"fine-tuned": "standard", **{mode: mode for mode in bench.forgetting_modes}}


def evaluating(bench: Benchmark) -> dict[str, object]:
    """What of the configuration decides every evaluation."""
    return {**{key: bench.evaluation[key] for key in ("batch_size", "precision")}, **_deterministic(bench)}


def _deterministic(bench: Benchmark) -> dict[str, bool]:
    return {"deterministic": True} if bench.deterministic else {}


def evaluation(mode: str, kind: str = "image") -> dict[str, str]:
    """How edited models of a mode are evaluated: encoder and predictions (modules)."""
    known = modes.get(mode)
    return {"encoder": known.encoder_module_of(kind), "predictions": known.predictions_module}


def merging(bench: Benchmark, rule: str) -> dict[str, object]:
    """A merging rule of the run: its module, settings and grid of alphas."""
    known, entry = RULES[rule], _merging_entry(bench, rule)
    if entry.alphas is not None:
        alphas = alpha_grid(**entry.alphas)
    else:
        alphas = list(known.alphas) if known.alphas is not None else alpha_grid(**bench.evaluation["alphas"])
    return {"module": known.module, "settings": dict(known.settings), "alphas": alphas}


def learned(bench: Benchmark, mode: str, rule: str) -> dict[str, object]:
    """How a merging rule's coefficients are learned in a mode: split, objective, one per task or tensor, recipe.

    features: from the features of one pass, which a tangent model's coefficients of whole vectors are affine in.
    """
    known, entry = RULES[rule].learned, _merging_entry(bench, rule)
    given = {key: value for key in LEARNING if (value := getattr(entry, key)) is not None}
    features = modes.get(mode).tangent and known["per"] == "task"
    return {**known, "learning": {**known["learning"], **given}, "features": features}


def _merging_entry(bench: Benchmark, rule: str) -> Merging:
    return next(entry for entry in bench.merging if entry.rule == rule)


def subsets(bench: Benchmark, mode: str) -> dict[str, object]:
    """Which subsets of the tasks are added in a mode, on which grid of alphas.

    at_once: tangent models give all of them from one pass, so none is left out and the sample does not concern them.
    """
    at_once = modes.get(mode).tangent
    return {
        "at_once": at_once,
        "sample": None if at_once else {key: bench.subsets[key] for key in ("sampled", "seed")},
        "alphas": alpha_grid(**bench.subsets.get("alphas", bench.evaluation["alphas"])),
    }


def samples(bench: Benchmark) -> dict[str, dict[str, int] | None]:
    """Mode -> its sample of subsets, None for every subset, of the modes that have any."""
    return {where["mode"]: subsets(bench, where["mode"])["sample"] for where in bench.subset_runs}


def architecture(model: Model) -> dict[str, object] | None:
    """open_clip's model configuration of a model; None where open_clip is not installed and is needed to look it up.

    Of a text encoder, what decides its function (`lib.models.text_configurations`).
    """
    if model.prompts is not None:
        return in_order(text_configuration(vars(model), model.prompts))
    return _configuration(model.architecture, model.architectures)


def image_architecture(model: Model) -> dict[str, object] | None:
    """The part of it that decides the image tower."""
    found = architecture(model)
    return found if found is None or model.prompts is not None else image_part(found)


def tokenizer(model: Model) -> str | None:
    """sha256 of the tokenizer's merges file; of a text encoder on the hub, repository and commit."""
    if model.prompts is not None:
        known = model.weights
        on_hub = "repository" in known
        return f"{known['repository']} {known['revision']}" if on_hub else checkpoint(local_file(known, TOKENIZER))
    file = vocabulary_file(model.vocabulary)
    return None if file is None else remembered_digest(file, Path(DIGESTS))


def weights(entry: Model | Checkpoint) -> str:
    """sha256 of the weights of a model or a checkpoint, wherever they lie."""
    known = entry.weights
    if "sha256" in known:
        return known["sha256"]
    return remembered_digest(local_file(known) if "package" in known else known["file"], Path(DIGESTS))


def checkpoint(file: str) -> str:
    """sha256 of a file that the configuration names."""
    return remembered_digest(file, Path(DIGESTS))


def preparation(bench: Benchmark, task: Task, record: Path) -> dict[str, object]:
    """What decides a task's prepared splits. record: that of the task's last preparation.

    Paths are left out: the source counts by its fingerprint. Without the folder, which may be gone once it is prepared,
    that of the last preparation stays.
    """
    dataset = datasets.DATASETS[task.dataset]
    reading = datasets.reading(task.dataset, task.source)
    side, own = bench.train_short_side, dataset.has_own_validation(reading["source"])
    return {
        **_tokens(bench),
        "name": task.name,
        "reading": reading,
        "options": datasets.for_reader(task.options),
        "image_size": bench.image_size,
        "train_short_side": None if side is None or (dataset.side or side + 1) <= side else side,
        "split": None if own else dict(bench.split),
        "task_file": remembered_digest(tasks.file(task.dataset), Path(DIGESTS)) if dataset.official else None,
        "source_fingerprint": _fingerprint(bench, task, reading["source"], record),
    }


def _tokens(bench: Benchmark) -> dict[str, object]:
    """What decides how texts are stored: the tokenizer is that of all models."""
    if bench.texts is None:
        return {}
    first = bench.models[0]
    pad = architecture(first)["config"]["pad_token_id"]
    return {"tokens": {**bench.texts, "tokenizer": tokenizer(first), "pad": pad}}


def _fingerprint(bench: Benchmark, task: Task, source: str, record: Path) -> str | None:
    if source != "folder":  # code, or a pinned revision of the hub
        return None
    root = Path(bench.data_root)
    official = datasets.DATASETS[task.dataset].official
    places = [root / home for home in tasks.read(task.dataset).homes] if official else [root / task.options["path"]]
    home = next(filter(Path.is_dir, places), None)
    if home is not None:
        return _tree(home)
    try:
        return json.loads(record.read_text())["params"]["source_fingerprint"]
    except (OSError, ValueError, KeyError, TypeError):
        return None


@cache
def _tree(home: Path) -> str:
    return tree_fingerprint(home)


@cache
def _configuration(architecture: str, architectures: str | None) -> Mapping | None:
    try:
        return in_order(read_configuration(architecture, architectures))
    except OpenClipMissing:
        return None


def twins(bench: Benchmark) -> dict[str, str]:
    """Model with a random image tower -> the pre-trained one of the same architecture and weights, if there."""
    same = {(model.architecture, str(model.weights)): model.name for model in bench.pretrained}
    found = ((model.name, same.get((model.architecture, str(model.weights)))) for model in bench.random_init)
    return {name: twin for name, twin in found if twin}


def reproduced(bench: Benchmark) -> list[str]:
    """The run's tables that the papers print, too."""
    further = {"random_init": bench.random_init, "negation_controls": bench.negation_controls}
    return ["addition", "negation", "single_task", *(name for name, made in further.items() if made)]
