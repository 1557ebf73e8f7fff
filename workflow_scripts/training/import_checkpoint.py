"""Take a checkpoint that somebody else fine-tuned, in the place of a training run."""

from pathlib import Path

from lib.files import atomic, checkpoints
from lib.models import encoders
from lib.training import modes, third_party
from workflow_scripts.job import adapter


def main(
    file: Path,
    theta_0: Path,
    theta: Path,
    training_log: Path,
    *,
    mode: str,
    architecture: str,
    architectures: str | None,
) -> None:
    """Write theta (all parameters of the tower, its layout as metadata) and a training log without rows."""
    encoder = encoders.image_encoder(architecture, architectures=architectures)
    stored = checkpoints.load(theta_0)
    start = {name: stored[name] for name, _ in encoder.tower.named_parameters()}  # a file does not keep this order
    tensors = third_party.read(file)
    layout = third_party.detect(tensors)
    found = third_party.tower(tensors, start, what=str(file))
    third_party.require_mode(modes.get(mode), layout, start, found, what=str(file))
    adapter.logger.info("%s: %d tensors in the layout of %s", file, len(tensors), layout)
    checkpoints.save(theta, found, {"layout": layout})
    atomic.write_text(training_log, "step,loss,learning_rate,images_per_second\n")


if __name__ == "__main__":
    with adapter.job(snakemake):
        inputs, outputs, params = snakemake.input, snakemake.output, snakemake.params
        main(
            Path(inputs.checkpoint),
            Path(inputs.theta_0),
            Path(outputs.theta),
            Path(outputs.training_log),
            mode=snakemake.wildcards.mode,
            architecture=params.architecture,
            architectures=params.architectures,
        )
