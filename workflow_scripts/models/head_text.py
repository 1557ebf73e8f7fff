"""Build the zero-shot head of one task from a pre-trained text encoder."""

from collections.abc import Mapping
from pathlib import Path

from lib.data.tokens import open_tokenizer, tokenizer
from lib.files import checkpoints, own_files
from lib.models.encoders.text import text_encoder
from lib.models.prompts import class_head, label_word_head
from lib.threads import use_threads
from workflow_scripts.job import adapter
from workflow_scripts.models.text_files import TOKENIZER, local_file


def main(
    clip: Path,
    classes: Path,
    head: Path,
    *,
    configuration: Mapping[str, object],
    tokenizer_file: Path,
    length: int,
    scale: float,
) -> None:
    """Write {"weight": Float32[Tensor, "C d"]}: rows in the order of the class names in `classes`."""
    encoder, theta = text_encoder(configuration), checkpoints.load(clip)
    task = own_files.read_json(classes, ("class_names", "templates"))
    if encoder.prompts == "of_texts":
        weight = label_word_head(theta, open_tokenizer(tokenizer_file), task["class_names"], scale=scale)
    else:
        tokens = tokenizer(tokenizer_file, length=length, pad=encoder.config["pad_token_id"])
        weight = class_head(encoder, theta, tokens, task["class_names"], task["templates"], scale=scale)
    checkpoints.save(head, {"weight": weight})


if __name__ == "__main__":
    with adapter.job(snakemake):
        params = snakemake.params
        use_threads(snakemake.threads)
        (model,) = (entry for entry in snakemake.config["models"] if entry["name"] == snakemake.wildcards.model)
        main(
            Path(snakemake.input.clip),
            Path(snakemake.input.classes),
            Path(snakemake.output.head),
            configuration=params.configuration,
            tokenizer_file=local_file(model["weights"], TOKENIZER),
            length=params.length,
            scale=params.logit_scale,
        )
