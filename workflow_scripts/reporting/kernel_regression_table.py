"""The table of kernel regression beside fine-tuning: csv, Markdown and LaTeX."""

from collections.abc import Mapping, Sequence
from pathlib import Path

from lib.reporting import kernel_regression
from lib.reporting.bootstrap import Bootstrap
from workflow_scripts.job import adapter
from workflow_scripts.reporting import regressions
from workflow_scripts.reporting.tables import write


def main(
    tested: Sequence[str],
    predicted: Sequence[str],
    labels: Mapping[str, str],
    folder: Path,
    *,
    test: int,
    seed: int,
    bootstrap: Mapping[str, int],
    footnotes: Sequence[str] = (),
) -> None:
    """Write kernel_regression.{csv, md, tex}.

    tested, predicted: accuracies and predictions of each model and task; labels: task -> index of its test split; test,
    seed: which of its images were tested. Raises OwnFileError for a file that is damaged or does not fit.
    """
    rows = regressions.read_tested(tested)
    correct = regressions.read_correct(predicted, labels, rows, test=test, seed=seed)
    frame = kernel_regression.summary(rows, correct, Bootstrap(**bootstrap))
    table = kernel_regression.table(frame, rows, list(labels))
    table = table.with_notes(kernel_regression.notes(frame, rows, bootstrap["resamples"]))
    write(folder, "kernel_regression", frame, table.with_footnotes(footnotes))


if __name__ == "__main__":
    with adapter.job(snakemake):
        inputs, params = snakemake.input, snakemake.params
        main(
            list(inputs.tested),
            list(inputs.predictions),
            dict(zip(params.tasks, inputs.labels, strict=True)),
            Path(snakemake.output.tables[0]).parent,
            test=params.drawn["test"],
            seed=params.drawn["seed"],
            bootstrap=params.bootstrap,
            footnotes=params.footnotes,
        )
