"""Fine-tune one text encoder on one task in one mode: as `workflow_scripts.training.finetune`, in one process and
without crops.
"""

from collections.abc import Mapping
from importlib import import_module
from pathlib import Path

from lib.data import prepared
from lib.data.token_batches import TokenData
from lib.determinism import deterministic
from lib.files import checkpoints, rows
from lib.parameters import matching
from lib.precision import matmul_precision
from lib.threads import use_threads
from lib.training.finetune import Keeper, finetune
from lib.training.objectives.interface import Context
from workflow_scripts.job import adapter
from workflow_scripts.training.finetune import _method, _paths, _recipe, fingerprint


def main(
    theta_0: Path,
    head: Path,
    data: Path,
    theta: Path,
    training_log: Path,
    *,
    identity: Mapping[str, object],
    architecture: Mapping[str, object],
    training: Mapping[str, object],
    others: Mapping[str, Mapping[str, str]],
    epochs: int,
    accumulate: int,
    recipe: Mapping[str, object],
    keeper: Keeper,
    device: str,
) -> None:
    """Write theta (all parameters of the encoder) and the training log; keep a resumable state as the keeper says.

    training, others: see `workflow_scripts.training.finetune.main`.
    """
    encoder = import_module(training["encoder"]).image_encoder(architecture)
    start = {name: value.to(device) for name, value in checkpoints.load(theta_0).items()}
    weight = checkpoints.load(head, names=["weight"])["weight"].to(device)
    context = Context(encoder.model_at(start), start, weight, training["settings"], _paths(others))
    batches = TokenData(prepared.read(data, "fit"), recipe["batch_size"], image_size=0, seed=identity["seed"])
    plan = _recipe(recipe, steps=epochs * batches.steps_per_epoch, accumulate=accumulate)
    with deterministic(recipe.get("deterministic", False)), matmul_precision(recipe["precision"], device):
        result, log = finetune(
            theta_0=start,
            trained=matching(start, training["trains"]),
            data=batches,
            recipe=plan,
            **_method(training["objective"], context),
            keeper=keeper,
            on_progress=adapter.training_bar(plan.steps, f"{identity['mode']} {data.name}"),
        )
    checkpoints.save(theta, result)
    rows.write(training_log, [{**identity, **row} for row in log])


if __name__ == "__main__":
    with adapter.job(snakemake):
        inputs, outputs, params = snakemake.input, snakemake.output, snakemake.params
        wildcards, rhythm = snakemake.wildcards, snakemake.config["finetune"]
        use_threads(snakemake.threads)
        main(
            Path(inputs.theta_0),
            Path(inputs.head),
            Path(inputs.fit).parent,
            Path(outputs.theta),
            Path(outputs.training_log),
            identity={
                "model": wildcards.model,
                "seed": int(wildcards.seed),
                "mode": wildcards.mode,
                "task": wildcards.task,
            },
            architecture=params.architecture,
            training=params.training,
            others=params.others,
            epochs=params.epochs,
            accumulate=params.accumulate,
            recipe=dict(params.recipe),
            keeper=Keeper(
                path=Path(params.state),
                fingerprint=fingerprint(list(inputs), params),
                every_seconds=rhythm["save_every_seconds"],
                read_every=rhythm["log_every"],
                stop=adapter.stop_on_sigterm(),
                note=adapter.logger.info,
            ),
            device=adapter.device(snakemake.config["device"]),
        )
