"""Build the zero-shot head of one task from the pre-trained text tower."""

import json
from pathlib import Path

from lib.files import checkpoints
from lib.models import encoders, heads
from workflow_scripts.job import adapter


def main(
    clip: Path, manifest: Path, head: Path, *, architecture: str, architectures: str | None, vocabulary: str | None
) -> None:
    """Write {"weight": Float32[C, d]}: rows in the order of the manifest's class names."""
    model = encoders.load_clip(architecture, clip, architectures=architectures)
    tokenizer = heads.tokenizer_of(architecture, vocabulary)
    task = json.loads(manifest.read_text())
    weight = heads.zero_shot_head(model, tokenizer, task["class_names"], task["templates"])
    checkpoints.save(head, {"weight": weight})


if __name__ == "__main__":
    with adapter.job(snakemake):
        main(
            Path(snakemake.input.clip),
            Path(snakemake.input.manifest),
            Path(snakemake.output.head),
            architecture=snakemake.params.architecture,
            architectures=snakemake.params.architectures,
            vocabulary=snakemake.params.vocabulary,
        )
