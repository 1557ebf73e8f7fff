"""Bring a model's initialisation: the whole CLIP for the heads, and theta_0, its image tower's parameters."""

from collections.abc import Mapping
from pathlib import Path

from lib.files import checkpoints
from lib.models import clip as clips
from lib.models.architectures import image_part
from workflow_scripts.job import adapter
from workflow_scripts.models.weights import local_file


def main(
    clip: Path,
    theta_0: Path,
    *,
    architecture: str,
    architectures: Path | None,
    configuration: Mapping[str, object],
    activation: str,
    image_size: int,
    weights: Mapping[str, str],
    image_tower: Mapping[str, int] | None,
) -> None:
    """Write the CLIP's state dict and the tower's parameters, both in safetensors and float32.

    configuration: the model configuration that `architecture` names. image_tower: {"random_seed": n} draws theta_0 from
    a seed, as open_clip initialises it; the text tower stays the pre-trained one. None takes the tower of the weights.
    """
    model = clips.load_clip(architecture, local_file(weights), architectures=architectures)
    clips.require_activation(model.visual, activation)
    side = int(model.visual.image_size[0])
    if side != image_size:
        raise ValueError(f"{architecture} takes {side} x {side} images, but image_size is {image_size}: correct one")
    clips.require_same_function(model, image_part(configuration))
    checkpoints.save(clip, {name: value.float() for name, value in model.state_dict().items()})
    if image_tower is not None:
        model = clips.random_clip(architecture, seed=image_tower["random_seed"], architectures=architectures)
    checkpoints.save(theta_0, clips.tower_parameters(model))


if __name__ == "__main__":
    with adapter.job(snakemake):
        params = snakemake.params
        (model,) = (entry for entry in snakemake.config["models"] if entry["name"] == snakemake.wildcards.model)
        main(
            Path(snakemake.output.clip),
            Path(snakemake.output.theta_0),
            architecture=model["architecture"],
            architectures=model.get("architectures"),
            configuration=params.configuration,
            activation=params.activation,
            image_size=params.image_size,
            weights=model["weights"],
            image_tower=params.image_tower,
        )
