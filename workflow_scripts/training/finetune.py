"""Fine-tune one model on one task in one mode."""

import dataclasses
import hashlib
import json
from collections.abc import Callable, Mapping
from pathlib import Path

import torch

from lib.data import prepared
from lib.data.batches import TrainingData
from lib.files import checkpoints, rows
from lib.models import encoders
from lib.precision import matmul_precision
from lib.training import modes
from lib.training.finetune import Keeper, Recipe, finetune
from workflow_scripts.job import adapter, processes


def main(
    theta_0: Path,
    head: Path,
    data: Path,
    theta: Path,
    training_log: Path,
    state: Path,
    *,
    mode: str,
    architecture: str,
    architectures: str | None,
    image_size: int,
    seed: int,
    epochs: int,
    accumulate: int,
    activation_checkpointing: bool,
    recipe: Mapping[str, object],
    save_every_seconds: float,
    device: str,
    fingerprint: str,
    stop: Callable[[], bool] = lambda: False,
) -> None:
    """Write theta (all parameters of the tower) and the training log; keep a resumable state in `state` meanwhile.

    Started by torchrun in several processes, each takes its share of every batch, and the first one writes. stop: a
    further reason to save and end, beside SIGTERM.
    """
    device, told = adapter.device(device), adapter.stop_on_sigterm()
    encoder = encoders.image_encoder(architecture, architectures=architectures, recompute=activation_checkpointing)
    start = {name: value.to(device) for name, value in checkpoints.load(theta_0).items()}
    batches = TrainingData(prepared.read(data, "fit"), recipe["batch_size"], image_size, seed)
    plan = Recipe(
        steps=epochs * batches.steps_per_epoch,
        learning_rate=recipe["learning_rate"],
        weight_decay=recipe["weight_decay"],
        clip_norm=recipe["clip_norm"],
        warmup=recipe["warmup"],
        accumulate=accumulate,
        betas=tuple(recipe["betas"]),
        epsilon=recipe["epsilon"],
        log_every=recipe["log_every"],
    )
    chosen = modes.get(mode)
    with processes.group() as group, matmul_precision(recipe["precision"], device):
        asked = group.any(lambda: told() or stop(), device)
        result, log = finetune(
            chosen.model(encoder, start),
            start,
            chosen.trained(start),
            checkpoints.load(head)["weight"].to(device),
            batches,
            dataclasses.replace(plan, shard=(group.rank, group.world)),
            keeper=Keeper(state, fingerprint, save_every_seconds, asked, adapter.logger.info, writes=group.leads),
            on_log=adapter.training_bar(plan.steps, f"{mode} {data.name}") if group.leads else lambda row: None,
            all_reduce=group.all_reduce,
        )
        if group.leads:
            checkpoints.save(theta, result)
            rows.write(training_log, log)
            state.unlink(missing_ok=True)


def fingerprint(files: list[str], params: Mapping[str, object]) -> str:
    """What a resumable state must agree in to be used: all inputs and all parameters."""
    from lib.provenance import file_digest

    digests = [file_digest(Path(file)) for file in files if not file.endswith(".images.bin")]
    content = json.dumps([digests, dict(params), torch.__version__], sort_keys=True, default=str)
    return hashlib.sha256(content.encode()).hexdigest()


if __name__ == "__main__":
    with adapter.job(snakemake):
        inputs, outputs, params = snakemake.input, snakemake.output, snakemake.params
        (model,) = (entry for entry in snakemake.config["models"] if entry["name"] == snakemake.wildcards.model)
        arguments = {
            "theta_0": Path(inputs.theta_0),
            "head": Path(inputs.head),
            "data": Path(inputs.manifest).parent,
            "theta": Path(outputs.theta),
            "training_log": Path(outputs.training_log),
            "state": Path(params.state),
            "mode": snakemake.wildcards.mode,
            "architecture": params.architecture,
            "architectures": params.architectures,
            "image_size": params.image_size,
            "seed": int(snakemake.wildcards.seed),
            "epochs": params.epochs,
            "accumulate": params.accumulate,
            "activation_checkpointing": model["activation_checkpointing"],  # the same numbers: it reruns nothing
            "recipe": dict(params.recipe),
            "save_every_seconds": snakemake.config["finetune"]["save_every_seconds"],
            "device": snakemake.config["device"],
            "fingerprint": fingerprint(list(inputs), params),
        }
        if params.processes == 1:
            main(**arguments)
        else:
            share = {"threads": max(1, snakemake.threads // params.processes), "log": snakemake.log[0]}
            processes.launch("workflow_scripts.training.finetune_process", arguments | share, params.processes)
