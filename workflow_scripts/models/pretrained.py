"""Bring a model's pre-trained weights: the whole CLIP for the heads, and theta_0, its visual tower."""

from collections.abc import Mapping
from pathlib import Path

from lib.files import checkpoints
from lib.models import encoders
from workflow_scripts.job import adapter
from workflow_scripts.models.weights import local_file


def main(
    clip: Path,
    theta_0: Path,
    *,
    architecture: str,
    architectures: Path | None,
    activation: str,
    image_size: int,
    weights: Mapping[str, str],
) -> None:
    """Write the CLIP's state dict and the tower's parameters, both in safetensors and float32."""
    model = encoders.load_clip(architecture, local_file(weights), architectures=architectures)
    encoders.require_activation(model.visual, activation)
    side = int(model.visual.image_size[0])
    if side != image_size:
        raise ValueError(f"{architecture} takes {side} x {side} images, but image_size is {image_size}: correct one")
    encoders.require_same_function(model, encoders.image_encoder(architecture, architectures=architectures))
    checkpoints.save(clip, {name: value.float() for name, value in model.state_dict().items()})
    checkpoints.save(theta_0, encoders.tower_parameters(model))


if __name__ == "__main__":
    with adapter.job(snakemake):
        params = snakemake.params
        main(
            Path(snakemake.output.clip),
            Path(snakemake.output.theta_0),
            architecture=params.architecture,
            architectures=params.architectures,
            activation=params.activation,
            image_size=params.image_size,
            weights=params.weights,
        )
