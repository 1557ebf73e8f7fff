"""The table of addition against the number of task vectors: csv, Markdown and LaTeX."""

from collections.abc import Mapping, Sequence
from pathlib import Path

import numpy as np
import pandas as pd

from lib.data.prepared import FIELDS
from lib.editing.subsets import listed as subsets_of
from lib.files import own_files
from lib.reporting import subset_table, subsets, tables
from lib.reporting.bootstrap import Bootstrap
from lib.reporting.labels import KEYS
from lib.reporting.subset_intervals import by_size, resampled
from workflow_scripts.job import adapter
from workflow_scripts.reporting import subset_rows
from workflow_scripts.reporting.subset_predictions import correct, run_of
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
    known = {task: own_files.read_npz(path, FIELDS)["label"] for task, path in zip(tasks, labels, strict=True)}
    n = sum(map(len, known.values()))
    intervals = _intervals(predicted, single_task, known, samples, Bootstrap(resamples, seed))
    csv = subsets.by_size(found).merge(intervals, on=[*KEYS, "size"], how="left", validate="1:1").assign(n=n)
    table = subset_table.table(subsets.by_size(subsets.over_seeds(found), ["model", "mode"]))
    table = table.with_notes([subset_table.interval_note(csv, images=n, resamples=resamples)])
    declared = tables.deviations(manifests_of(manifests, tasks), tasks)
    write(folder, "subsets", csv, table.with_footnotes([*declared, *footnotes]))


def _intervals(
    predicted: Sequence[str],
    single_task: Sequence[str],
    labels: Mapping[str, np.ndarray],
    samples: subset_rows.Samples,
    bootstrap: Bootstrap,
) -> pd.DataFrame:
    """Of each model, seed, mode and size."""
    own_models, found = {run_of(path): path for path in single_task}, []
    for path in predicted:
        run = run_of(path)
        listed = subsets_of(list(labels), samples[run[-1]])
        right = correct(path, labels, len(listed))
        own = {task: rows[0] for task, rows in correct(own_models[run], labels, 1).items()}
        sizes = by_size(resampled(right, own, listed, bootstrap), listed, bootstrap)
        found.append(sizes.assign(**dict(zip(KEYS, run, strict=True))))
    return pd.concat(found)


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
