"""Fine-tune one model on one task in one mode."""

import hashlib
import json
from collections.abc import Mapping
from pathlib import Path

import torch

from lib import checkpoints, clip_encoder, modes, prepared
from lib.finetune import Keeper, Recipe, finetune
from lib.training_data import TrainingData
from workflow_scripts import adapter, rows


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
    recipe: Mapping[str, object],
    save_every_seconds: float,
    device: str,
    fingerprint: str,
) -> None:
    """Write theta (all parameters of the tower) and the training log; keep a resumable state in `state` meanwhile."""
    device = adapter.device(device)
    encoder = clip_encoder.image_encoder(architecture, architectures=architectures)
    start = {name: value.to(device) for name, value in checkpoints.load(theta_0).items()}
    batches = TrainingData(prepared.read(data, "fit"), recipe["batch_size"], image_size, seed)
    plan = Recipe(
        steps=epochs * batches.steps_per_epoch,
        peak_lr=recipe["learning_rate"],
        weight_decay=recipe["weight_decay"],
        clip_norm=recipe["clip_norm"],
        warmup=recipe["warmup"],
        accumulate=accumulate,
        betas=tuple(recipe["betas"]),
        epsilon=recipe["epsilon"],
        log_every=recipe["log_every"],
    )
    chosen = modes.get(mode)
    keeper = Keeper(state, fingerprint, save_every_seconds, adapter.stop_on_sigterm(), adapter.logger.info)
    with clip_encoder.precision(recipe["precision"], device):
        result, log = finetune(
            chosen.model(encoder, start),
            start,
            chosen.trained(start),
            checkpoints.load(head)["weight"].to(device),
            batches,
            plan,
            keeper=keeper,
            on_log=adapter.training_bar(plan.steps, f"{mode} {data.name}"),
        )
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
        main(
            Path(inputs.theta_0),
            Path(inputs.head),
            Path(inputs.manifest).parent,
            Path(outputs.theta),
            Path(outputs.training_log),
            Path(params.state),
            mode=snakemake.wildcards.mode,
            architecture=params.architecture,
            architectures=params.architectures,
            image_size=params.image_size,
            seed=int(snakemake.wildcards.seed),
            epochs=params.epochs,
            accumulate=params.accumulate,
            recipe=params.recipe,
            save_every_seconds=snakemake.config["finetune"]["save_every_seconds"],
            device=snakemake.config["device"],
            fingerprint=fingerprint(list(inputs), params),
        )
