"""Accuracy of the pre-trained model on every task and on the control task."""

from workflow_scripts.editing.evaluation import Evaluation, Measured, open_evaluation, write_table
from workflow_scripts.job import adapter


def main(evaluation: Evaluation, accuracy: str, predictions: str, *, model: str) -> None:
    """Write task, split, accuracy, n for val and test of every task, and the predictions behind them."""
    measured, rows = Measured(evaluation), []
    for task in evaluation.data:
        for split in ("val", "test"):
            (value,), n = measured.accuracies([], [[]], task, split)
            rows.append({"task": task, "split": split, "accuracy": value, "n": n})
    identity = {"model": model, "seed": None, "mode": "pretrained"}
    write_table(accuracy, rows, identity)
    measured.write(predictions, identity)


if __name__ == "__main__":
    with adapter.job(snakemake):
        outputs = snakemake.output
        main(open_evaluation(snakemake), outputs.accuracy, outputs.predictions, model=snakemake.wildcards.model)
