"""The table of models that were fine-tuned from random weights: csv, Markdown and LaTeX."""

from collections.abc import Sequence
from pathlib import Path

from lib.reporting import intervals, papers, tables
from lib.reporting.random_init import random_init
from lib.reporting.resamples import Resampled
from workflow_scripts.job import adapter
from workflow_scripts.reporting import frames
from workflow_scripts.reporting.tables import manifests_of, single_task_rows, write

_COLUMNS = {"single": "Single (↑)", "multi": "Multi (↑)"}
_CAPTION = (
    "Fine-tuning from random weights: mean test accuracy over the tasks, of each task's own model (Single) and of the "
    "sum of all task vectors (Multi) (%)"
)


def main(
    folder: Path,
    *,
    single_task: Sequence[str],
    addition: Sequence[str],
    manifests: Sequence[str],
    resamples: str,
    tasks: Sequence[str],
    control: str,
    footnotes: Sequence[str] = (),
) -> None:
    """Write random_init.{csv, md, tex} to `folder`; the papers' numbers and the footnotes are as in the other tables.

    Raises OwnFileError for a file that is damaged or lacks rows of these tasks.
    """
    single = single_task_rows(single_task, tasks, control)
    added = frames.read(addition, ("alpha", "accuracy"), asked=lambda rows: {"task": tasks})
    found = Resampled.read(resamples)
    frame = intervals.random_init(random_init(added, single, tasks), found, tasks)
    compared = "random_init" if papers.same_benchmark(tasks, control) else None
    table = tables.paper_table(frame, _COLUMNS, caption=_CAPTION, compared=compared)
    declared = tables.deviations(manifests_of(manifests, [*tasks, control]), tasks)
    table = table.with_notes([tables.interval_note("random_init", intervals.widest(frame), found.resamples)])
    write(folder, "random_init", frame, table.with_footnotes([*declared, *footnotes]))


if __name__ == "__main__":
    with adapter.job(snakemake):
        inputs, params = snakemake.input, snakemake.params
        main(
            Path(snakemake.output.tables[0]).parent,
            single_task=inputs.single_task,
            addition=inputs.addition,
            manifests=inputs.manifests,
            resamples=inputs.resamples,
            tasks=params.tasks,
            control=params.control,
            footnotes=params.footnotes,
        )
