"""The editing paper's table of negation and its controls: csv, Markdown and LaTeX."""

from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path

import numpy as np
import pandas as pd

from lib.files import predictions
from lib.files.own_files import OwnFileError
from lib.reporting import intervals, papers, tables
from lib.reporting.bootstrap import Bootstrap
from lib.reporting.negation_controls import negation_controls, with_intervals
from lib.reporting.resamples import Key, Outcomes, Resampled
from workflow_scripts.job import adapter
from workflow_scripts.reporting import frames
from workflow_scripts.reporting.labelled import labels_of
from workflow_scripts.reporting.tables import manifests_of, single_task_rows, write

_COLUMNS = {"target": "Targ. (↓)", "control": "Cont. (↑)"}
_CAPTION = "Task negation and its controls: mean test accuracy on the target and on the control task (%)"


def main(
    folder: Path,
    *,
    single_task: Sequence[str],
    controls: Mapping[str, str],
    negation: Sequence[str],
    manifests: Sequence[str],
    labels: Mapping[str, str],
    resamples: str,
    tasks: Sequence[str],
    control: str,
    bootstrap: Mapping[str, int],
    footnotes: Sequence[str] = (),
) -> None:
    """Write negation_controls.{csv, md, tex} to `folder`, with the paper's numbers if tasks and control are its own.

    controls: file of accuracies -> file of the predictions behind its rows; labels: task -> index of its test split;
    resamples: of the run's other accuracies. Raises OwnFileError for a file that is damaged or lacks rows.
    """
    known = labels_of(labels)
    found = {path: frames.read([path], ("alpha", "target", "control")) for path in controls}
    outcomes = [
        outcome for path, stored in controls.items() for outcome in _outcomes(found[path], stored, known, control)
    ]
    rows, negated = frames.joined(found), frames.read(negation, ("alpha", "target", "control"))
    for frame in (rows, negated):
        frames.require_rows(frames.together([*controls, *negation]), frame, lambda _: {"task": tasks})
    single, others = single_task_rows(single_task, tasks, control), Resampled.read(resamples)
    frame = negation_controls(rows, negated, single, tasks, control)
    frame = with_intervals(frame, others, Resampled.of(outcomes, Bootstrap(**bootstrap)), tasks, control)
    compared = "editing_negation" if papers.same_benchmark(tasks, control) else None
    shown = frame.assign(mode=frame["method"])
    table = tables.paper_table(shown, _COLUMNS, caption=_CAPTION, compared=compared)
    table = table.with_notes([tables.interval_note("negation_controls", intervals.widest(frame), others.resamples)])
    declared = tables.deviations(manifests_of(manifests, [*tasks, control]), [*tasks, control])
    write(folder, "negation_controls", frame, table.with_footnotes([*declared, *footnotes]))


def _outcomes(frame: pd.DataFrame, stored: str, labels: Mapping[str, np.ndarray], control: str) -> Iterator[Outcomes]:
    """Of one negated task: whether each image of target and control was classified correctly, by each control."""
    found = predictions.read(stored)
    for number, row in enumerate(frame.to_dict("records")):
        for side, images in (("target", row["task"]), ("control", control)):
            predicted = found.get((images, "test"))
            if predicted is None or predicted.shape != (len(frame), len(labels[images])):
                shape = None if predicted is None else predicted.shape
                expected = f"{len(frame)} models on {len(labels[images])} images"
                raise OwnFileError(stored, got=f"predictions of {images} of the shape {shape}", expected=expected)
            key = Key(side, row["model"], int(row["seed"]), row["method"], None, row["task"])
            yield Outcomes(key, images, predicted[number] == labels[images])


if __name__ == "__main__":
    with adapter.job(snakemake):
        inputs, params = snakemake.input, snakemake.params
        main(
            Path(snakemake.output.tables[0]).parent,
            single_task=inputs.single_task,
            controls=dict(zip(inputs.controls, inputs.predictions, strict=True)),
            negation=inputs.negation,
            manifests=inputs.manifests,
            labels=dict(zip([*params.tasks, params.control], inputs.labels, strict=True)),
            resamples=inputs.resamples,
            tasks=params.tasks,
            control=params.control,
            bootstrap=params.bootstrap,
            footnotes=params.footnotes,
        )
