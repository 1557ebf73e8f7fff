"""Take a checkpoint that somebody else fine-tuned, in the place of a training run."""

from collections.abc import Mapping, Sequence
from pathlib import Path

from lib.files import atomic, checkpoints
from lib.parameters import matching
from lib.training import third_party
from workflow_scripts.job import adapter
from workflow_scripts.models.weights import local_file


def main(
    file: Path,
    theta_0: Path,
    theta: Path,
    training_log: Path,
    *,
    mode: str,
    tangent: bool,
    trains: Sequence[str],
    order: Sequence[str],
) -> None:
    """Write theta (all parameters of the tower, its layout as metadata) and a training log without rows.

    order: the names of the tower's parameters in open_clip's order, which a file of theta_0 does not keep.
    """
    stored = checkpoints.load(theta_0)
    start = {name: stored[name] for name in order}
    tensors = third_party.read(file)
    layout = third_party.detect(tensors)
    found = third_party.tower(tensors, start, what=str(file))
    third_party.require_mode(mode, layout, start, found, matching(start, trains), tangent=tangent, what=str(file))
    adapter.logger.info("%s: %d tensors in the layout of %s", file, len(tensors), layout)
    checkpoints.save(theta, found, {"layout": layout})
    atomic.write_text(training_log, "model,seed,mode,task,step,loss,learning_rate\n")


def parameter_order(architecture: Mapping[str, object]) -> list[str]:
    """The names of the parameters of open_clip's image tower, in its order."""
    from lib.models.encoders.torch_module import empty_tower

    return [name for name, _ in empty_tower(architecture).named_parameters()]


if __name__ == "__main__":
    with adapter.job(snakemake):
        inputs, outputs, params = snakemake.input, snakemake.output, snakemake.params
        wildcards = snakemake.wildcards
        key = {name: getattr(wildcards, name) for name in ("model", "mode", "task")} | {"seed": int(wildcards.seed)}
        (entry,) = (entry for entry in snakemake.config["checkpoints"] if key.items() <= entry.items())
        main(
            third_party.weights_file(local_file(entry)),
            Path(inputs.theta_0),
            Path(outputs.theta),
            Path(outputs.training_log),
            mode=wildcards.mode,
            tangent=params.tangent,
            trains=params.trains,
            order=parameter_order(params.architecture),
        )
