"""Accuracy of each task's own fine-tuned model, theta_0 + tau_t."""

from collections.abc import Mapping
from pathlib import Path

from workflow_scripts.editing.evaluation import Evaluation, Measured, identity_of, open_evaluation, write_table
from workflow_scripts.job import adapter


def main(
    evaluation: Evaluation,
    taus: Mapping[str, Path],
    accuracy: str,
    predictions: str,
    *,
    identity: Mapping[str, object],
) -> None:
    """Write task, split, accuracy, n for val and test of every task, and the predictions behind them."""
    measured, rows = Measured(evaluation), []
    for task, path in taus.items():
        tau = evaluation.vector(path)
        for split in ("val", "test"):
            (value,), n = measured.accuracies([tau], [[1.0]], task, split)
            rows.append({"task": task, "split": split, "accuracy": value, "n": n})
    write_table(accuracy, rows, identity)
    measured.write(predictions, identity)


if __name__ == "__main__":
    with adapter.job(snakemake):
        main(
            open_evaluation(snakemake),
            dict(zip(snakemake.params.tasks, snakemake.input.taus, strict=True)),
            snakemake.output.accuracy,
            snakemake.output.predictions,
            identity=identity_of(snakemake),
        )
