"""Bring a text encoder's initialisation: theta_0, twice: for the heads, and to be fine-tuned."""

from collections.abc import Mapping
from pathlib import Path

from lib.data.tokens import open_tokenizer
from lib.files import checkpoints
from lib.models.encoders.text import text_encoder
from lib.models.text_weights import read_text_encoder, require_mask
from workflow_scripts.job import adapter
from workflow_scripts.models.text_files import TOKENIZER, local_file


def main(clip: Path, theta_0: Path, *, configuration: Mapping[str, object], weights: Path, tokenizer: Path) -> None:
    """Write the encoder's parameters to both files, in safetensors and float32."""
    encoder = text_encoder(configuration)
    require_mask(encoder, open_tokenizer(tokenizer), tokenizer)
    found = read_text_encoder(weights, encoder)
    for file in (clip, theta_0):
        checkpoints.save(file, found)


if __name__ == "__main__":
    with adapter.job(snakemake):
        (model,) = (entry for entry in snakemake.config["models"] if entry["name"] == snakemake.wildcards.model)
        main(
            Path(snakemake.output.clip),
            Path(snakemake.output.theta_0),
            configuration=snakemake.params.configuration,
            weights=local_file(model["weights"]),
            tokenizer=local_file(model["weights"], TOKENIZER),
        )
