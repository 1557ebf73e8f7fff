"""Cosines between task vectors as heatmaps: one figure per model."""

from collections.abc import Sequence
from pathlib import Path

from lib.reporting.figures.similarity_maps import similarity_maps
from lib.reporting.figures.style import save
from workflow_scripts.job import adapter
from workflow_scripts.reporting import similarities


def main(cosines: Sequence[str], norms: Sequence[str], folder: Path, *, tasks: Sequence[str]) -> None:
    """Write similarity_{model}, averaged over seeds. Raises OwnFileError for a file that lacks a task or two."""
    order = list(tasks)
    for model, rows in similarities.read(cosines, norms, tasks).groupby("model", sort=False):
        found = {}
        for mode, of_mode in rows.groupby("mode", sort=False):
            wide = of_mode.pivot_table(index="task_a", columns="task_b", values="cosine").loc[order, order]
            lengths = of_mode.groupby("task_a")["norm_a"].mean().loc[order]
            found[mode] = wide.to_numpy(), lengths.to_numpy()
        save(similarity_maps(found, order), folder / f"similarity_{model}")


if __name__ == "__main__":
    with adapter.job(snakemake):
        inputs = snakemake.input
        folder = Path(snakemake.output.figures[0]).parent
        main(list(inputs.cosines), list(inputs.norms), folder, tasks=snakemake.params.tasks)
