"""Cosines between task vectors of all models, seeds and modes as a table, with the vectors' norms."""

from collections.abc import Sequence
from pathlib import Path

from lib.files import atomic
from lib.reporting import similarity
from workflow_scripts.job import adapter
from workflow_scripts.reporting import similarities


def main(cosines: Sequence[str], norms: Sequence[str], folder: Path, *, tasks: Sequence[str]) -> None:
    """Write similarity.{csv, md, tex}. Raises OwnFileError for a file that lacks a task or two."""
    rows = similarities.read(cosines, norms, tasks)
    with atomic.whole(folder / "similarity.csv") as temporary:
        rows.to_csv(temporary, index=False)
    caption = "Task vectors: cosine with the vector of each task, and Euclidean norm"
    table = similarity.table(rows, tasks, caption=caption)
    atomic.write_text(folder / "similarity.md", table.markdown())
    atomic.write_text(folder / "similarity.tex", table.latex())


if __name__ == "__main__":
    with adapter.job(snakemake):
        inputs = snakemake.input
        folder = Path(snakemake.output.tables[0]).parent
        main(list(inputs.cosines), list(inputs.norms), folder, tasks=snakemake.params.tasks)
