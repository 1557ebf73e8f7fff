"""Fine-tune one model on one task in one mode."""

import dataclasses
import hashlib
import json
from collections.abc import Callable, Mapping, Sequence
from importlib import import_module
from pathlib import Path

import torch

from lib.data import prepared
from lib.determinism import deterministic
from lib.files import checkpoints, rows
from lib.files.digests import file_digest, written_beside
from lib.parameters import matching
from lib.precision import matmul_precision
from lib.threads import use_threads
from lib.training.finetune import Keeper, Recipe, finetune
from lib.training.objectives.interface import Context
from workflow_scripts.job import adapter, processes
from workflow_scripts.training.group import group


def main(
    theta_0: Path,
    head: Path,
    data: Path,
    theta: Path,
    training_log: Path,
    state: Path,
    *,
    identity: Mapping[str, object],
    architecture: Mapping[str, object],
    training: Mapping[str, object],
    others: Mapping[str, Mapping[str, str]],
    image_size: int | None,
    epochs: int,
    accumulate: int,
    recipe: Mapping[str, object],
    threads: int,
    activation_checkpointing: bool,
    read_every: int,
    save_every_seconds: float,
    device: str,
    fingerprint: str,
    stop: Callable[[], bool] = lambda: False,
) -> None:
    """Write theta (all parameters of the tower) and the training log; keep a resumable state in `state`.

    The state outlives the job, with what it trained: were the job lost before its files are accepted, the next would
    write them again at once. Extracting the task vector removes it.

    training: of `workflow_scripts.configuration.resolution.training`; others: kind of file -> other task -> path;
    image_size: None for texts. Started by torchrun in several processes, each takes its share of every batch, and the
    first one writes. stop: a further reason to save and end, beside SIGTERM.
    """
    use_threads(threads)
    device, told = adapter.device(device), adapter.stop_on_sigterm()
    encoder = import_module(training["encoder"]).image_encoder(architecture, recompute=activation_checkpointing)
    start = {name: value.to(device) for name, value in checkpoints.load(theta_0).items()}
    weight = checkpoints.load(head, names=["weight"])["weight"].to(device)
    context = Context.of(encoder, start, weight, training["settings"], _paths(others))
    training_data = import_module(training["batches"]).TrainingData
    batches = training_data(prepared.read(data, "fit"), recipe["batch_size"], image_size, identity["seed"])
    plan = _recipe(recipe, steps=epochs * batches.steps_per_epoch, accumulate=accumulate)
    exactly, precise = deterministic(recipe.get("deterministic", False)), matmul_precision(recipe["precision"], device)
    with exactly, group() as processes_together, precise:
        asked = processes_together.any(lambda: told() or stop(), device)
        leads, shard = processes_together.leads, (processes_together.rank, processes_together.world)
        result, log = finetune(
            theta_0=start,
            trained=matching(start, training["trains"]),
            data=batches,
            recipe=dataclasses.replace(plan, shard=shard),
            **_method(training["objective"], context),
            keeper=Keeper(state, fingerprint, save_every_seconds, read_every, asked, adapter.logger.info, leads),
            on_progress=adapter.training_bar(plan.steps, f"{identity['mode']} {data.name}", shown=leads),
            all_reduce=processes_together.all_reduce,
        )
        if leads:
            checkpoints.save(theta, result)
            rows.write(training_log, [{**identity, **row} for row in log])


def _method(module: str, context: Context) -> dict[str, object]:
    """The objective of a module of `lib.training.objectives`, with its penalty and its mask if it has them."""
    found = import_module(module)
    return {kind: getattr(found, kind)(context) for kind in ("objective", "penalty", "mask") if hasattr(found, kind)}


def _recipe(recipe: Mapping[str, object], *, steps: int, accumulate: int) -> Recipe:
    values = {key: value for key, value in recipe.items() if key not in ("batch_size", "precision", "deterministic")}
    return Recipe(steps=steps, accumulate=accumulate, **{**values, "betas": tuple(values["betas"])})


def _paths(others: Mapping[str, Mapping[str, str]]) -> dict[str, dict[str, Path]]:
    return {kind: {task: Path(path) for task, path in files.items()} for kind, files in others.items()}


def fingerprint(files: Sequence[str], params: Mapping[str, object]) -> str:
    """What a resumable state must agree in to be used: all inputs and all parameters."""
    digests = [written_beside(file) or file_digest(file) for file in files if not file.endswith(".images.bin")]
    content = json.dumps([digests, dict(params), torch.__version__], sort_keys=True, default=str)
    return hashlib.sha256(content.encode()).hexdigest()


if __name__ == "__main__":
    with adapter.job(snakemake):
        inputs, outputs, params = snakemake.input, snakemake.output, snakemake.params
        (model,) = (entry for entry in snakemake.config["models"] if entry["name"] == snakemake.wildcards.model)
        wildcards, finetuning = snakemake.wildcards, snakemake.config["finetune"]
        arguments = {
            "theta_0": Path(inputs.theta_0),
            "head": Path(inputs.head),
            "data": Path(inputs.fit).parent,
            "theta": Path(outputs.theta),
            "training_log": Path(outputs.training_log),
            "state": Path(params.state),
            "identity": {
                "model": wildcards.model,
                "seed": int(wildcards.seed),
                "mode": wildcards.mode,
                "task": wildcards.task,
            },
            "architecture": params.architecture,
            "training": params.training,
            "others": params.others,
            "image_size": params.image_size,
            "epochs": params.epochs,
            "accumulate": params.accumulate,
            "recipe": dict(params.recipe),
            "fingerprint": fingerprint(list(inputs), params),
            "threads": max(1, snakemake.threads // params.processes),
            # the same numbers whatever these are, so they are no params
            "activation_checkpointing": model["activation_checkpointing"],
            "read_every": finetuning["log_every"],
            "save_every_seconds": finetuning["save_every_seconds"],
            "device": snakemake.config["device"],
        }
        if params.processes == 1:
            main(**arguments)
        else:
            share = {"log": snakemake.log[0]}
            processes.launch("workflow_scripts.training.finetune_process", arguments | share, params.processes)
