"""Cosines between the task vectors of one mode, and their norms."""

from collections.abc import Mapping
from itertools import product
from pathlib import Path

from lib.editing.similarity import cosines, gram, norms
from lib.files import rows
from lib.files.tensor_reading import TensorsOnDisk
from workflow_scripts.editing.identity import identity_of
from workflow_scripts.job import adapter


def main(
    taus: Mapping[str, str | Path], similarity: str | Path, lengths: str | Path, *, identity: Mapping[str, object]
) -> None:
    """Write task_a, task_b, cosine for every two tasks, each with itself among them; and task, norm.

    Reads numpy arrays: this job has no need of torch.
    """
    inner = gram([TensorsOnDisk(path) for path in taus.values()])
    pairs = zip(product(taus, taus), cosines(inner).ravel().tolist(), strict=True)
    found = [{**identity, "task_a": a, "task_b": b, "cosine": cosine} for (a, b), cosine in pairs]
    rows.write(similarity, found)
    measured = zip(taus, norms(inner).tolist(), strict=True)
    rows.write(lengths, [{**identity, "task": task, "norm": norm} for task, norm in measured])


if __name__ == "__main__":
    with adapter.job(snakemake):
        inputs, outputs = snakemake.input, snakemake.output
        tasks = snakemake.params.tasks
        taus = dict(zip(tasks, inputs.taus, strict=True))
        main(taus, outputs.similarity, outputs.norms, identity=identity_of(snakemake))
