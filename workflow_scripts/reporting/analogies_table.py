"""The table of analogies: csv, Markdown and LaTeX."""

from collections.abc import Mapping, Sequence
from pathlib import Path

import numpy as np
import pandas as pd

from lib.files.own_files import OwnFileError
from lib.reporting import analogies, intervals, tables
from lib.reporting.bootstrap import Bootstrap
from lib.reporting.labels import KEYS
from workflow_scripts.job import adapter
from workflow_scripts.reporting import analogy_rows, frames
from workflow_scripts.reporting.labelled import labels_of
from workflow_scripts.reporting.tables import write

CAPTION = (
    "Task analogies, a : b = c : d. Test accuracy on d (%), with the analogy's tau_c + (tau_b - tau_a) and without, by "
    "the images of each class of d that were fine-tuned on"
)


def main(
    folder: Path,
    measured: Mapping[str, str],
    labels: Mapping[str, str],
    *,
    shots: Sequence[int],
    bootstrap: Bootstrap,
    footnotes: Sequence[str] = (),
) -> None:
    """Write analogies.{csv, md, tex} to `folder`; in the csv file, low and high are the 95 % interval of an accuracy.

    measured: file of accuracies -> file of the predictions behind its rows, in their order; labels: task -> index of
    its test split; shots: those of few-shot fine-tuning. Raises OwnFileError.
    """
    known = labels_of(labels)
    found = [_with_intervals(path, stored, known, bootstrap) for path, stored in measured.items()]
    frame = analogies.analogies(pd.concat(found, ignore_index=True))
    _require_shots(list(measured), frame, shots)
    note = tables.interval_note("analogies", intervals.widest(frame), bootstrap.resamples)
    table = analogies.analogies_table(frame, caption=CAPTION).with_notes([note]).with_footnotes(footnotes)
    write(folder, "analogies", frame, table)


def _with_intervals(path: str, stored: str, labels: Mapping[str, np.ndarray], bootstrap: Bootstrap) -> pd.DataFrame:
    """The rows of one file with low and high."""
    frame, correct = analogy_rows.read(path, stored, labels)
    low, high = bootstrap.interval(bootstrap.means(correct, frame["task"].iloc[0]))
    return frame.drop(columns="n").assign(low=low, high=high, n=frame["n"])


def _require_shots(paths: Sequence[str], frame: pd.DataFrame, shots: Sequence[int]) -> None:
    """Every start with every number of shots where it was fine-tuned on few images, else without any."""
    for _, rows in frame.groupby([*KEYS, "quadruple"], sort=False):
        of_run = [str(number) for number in shots] if set(rows["shots"]) - {"0", analogies.ALL} else []
        expected = [(start, number) for start in analogies.STARTS for number in ["0", *of_run]]
        expected.append((analogies.PRETRAINED, analogies.ALL))
        found = sorted(zip(rows["start"], rows["shots"], strict=True))
        if found != sorted(expected):
            raise OwnFileError(frames.together(paths), got=f"the rows {found}", expected=f"{sorted(expected)}")


if __name__ == "__main__":
    with adapter.job(snakemake):
        inputs, params = snakemake.input, snakemake.params
        accuracies = [*inputs.tested, *inputs.few_shot]
        stored = [*inputs.predictions, *inputs.few_shot_predictions]
        main(
            Path(snakemake.output.tables[0]).parent,
            dict(zip(accuracies, stored, strict=True)),
            dict(zip(params.tasks, inputs.labels, strict=True)),
            shots=params.shots,
            bootstrap=Bootstrap(**params.bootstrap),
            footnotes=params.footnotes,
        )
