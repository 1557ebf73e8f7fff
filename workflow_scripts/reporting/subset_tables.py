"""The table of addition against the number of task vectors: csv, Markdown and LaTeX."""

from collections.abc import Sequence
from pathlib import Path

import pandas as pd

from lib.reporting import subset_table, subsets, tables
from lib.reporting.bootstrap import Bootstrap
from lib.reporting.labels import KEYS
from lib.reporting.subset_intervals import by_size, resampled
from workflow_scripts.job import adapter
from workflow_scripts.reporting import subset_predictions, subset_rows
from workflow_scripts.reporting.labelled import labels_of
from workflow_scripts.reporting.tables import manifests_of, write


def main(
    folder: Path,
    *,
    tested: Sequence[str],
    predicted: Sequence[str],
    single_task: Sequence[str],
    labels: Sequence[str],
    manifests: Sequence[str],
    tasks: Sequence[str],
    samples: subset_rows.Samples,
    resamples: int,
    seed: int,
    footnotes: Sequence[str] = (),
) -> None:
    """Write subsets.{csv, md, tex} to `folder`.

    tested, predicted: the accuracies and the predictions of each model, seed and mode; single_task: the predictions of
    the tasks' own models; labels, manifests: of each task, its test split's index and its manifest. Raises OwnFileError
    for a file that is damaged or lacks rows.
    """
    found = subsets.of_subsets(subset_rows.read(tested, tasks, samples))
    known = labels_of(dict(zip(tasks, labels, strict=True)))
    n = sum(map(len, known.values()))
    drawn = Bootstrap(resamples, seed)
    intervals = pd.concat(
        by_size(resampled(run.correct, run.own, run.subsets, drawn), run.subsets, drawn).assign(
            model=run.model, seed=run.seed, mode=run.mode
        )
        for run in subset_predictions.read(predicted, single_task, known, samples)
    )
    csv = subsets.by_size(found).merge(intervals, on=[*KEYS, "size"], how="left", validate="1:1").assign(n=n)
    table = subset_table.table(subsets.by_size(subsets.over_seeds(found), ["model", "mode"]))
    table = table.with_notes([subset_table.interval_note(csv, images=n, resamples=resamples)])
    declared = tables.deviations(manifests_of(manifests, tasks), tasks)
    write(folder, "subsets", csv, table.with_footnotes([*declared, *footnotes]))


if __name__ == "__main__":
    with adapter.job(snakemake):
        inputs, params = snakemake.input, snakemake.params
        main(
            Path(snakemake.output.tables[0]).parent,
            tested=list(inputs.tested),
            predicted=list(inputs.predicted),
            single_task=list(inputs.single_task),
            labels=list(inputs.labels),
            manifests=list(inputs.manifests),
            tasks=params.tasks,
            samples=params.samples,
            resamples=params.resamples,
            seed=params.seed,
            footnotes=params.footnotes,
        )
