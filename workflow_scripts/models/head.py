"""Build the zero-shot head of one task from the pre-trained text tower."""

from pathlib import Path

from lib.files import checkpoints, own_files
from lib.models import heads
from lib.models.clip import load_clip
from lib.threads import use_threads
from workflow_scripts.job import adapter


def main(
    clip: Path, classes: Path, head: Path, *, architecture: str, architectures: str | None, vocabulary: str | None
) -> None:
    """Write {"weight": Float32[Tensor, "C d"]}: rows in the order of the class names in `classes`."""
    model = load_clip(architecture, clip, architectures=architectures)
    tokenizer = heads.tokenizer_of(architecture, vocabulary)
    task = own_files.read_json(classes, ("class_names", "templates"))
    weight = heads.zero_shot_head(model, tokenizer, task["class_names"], task["templates"])
    checkpoints.save(head, {"weight": weight})


if __name__ == "__main__":
    with adapter.job(snakemake):
        use_threads(snakemake.threads)
        (model,) = (entry for entry in snakemake.config["models"] if entry["name"] == snakemake.wildcards.model)
        main(
            Path(snakemake.input.clip),
            Path(snakemake.input.classes),
            Path(snakemake.output.head),
            architecture=model["architecture"],
            architectures=model.get("architectures"),
            vocabulary=model.get("vocabulary"),
        )
