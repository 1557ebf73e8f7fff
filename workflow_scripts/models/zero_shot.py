"""Accuracy of the pre-trained model on every task and on the control task."""

from workflow_scripts.editing.evaluation import Evaluation, open_evaluation, write_table
from workflow_scripts.job import adapter


def main(evaluation: Evaluation, accuracy: str, *, model: str) -> None:
    """Write task, split, accuracy, n for val and test of every task."""
    rows = []
    for task in evaluation.data:
        for split in ("val", "test"):
            (value,), n = evaluation.accuracies([], [[]], task, split)
            rows.append({"task": task, "split": split, "accuracy": value, "n": n})
    write_table(accuracy, rows, {"model": model, "seed": None, "mode": "pretrained"})


if __name__ == "__main__":
    with adapter.job(snakemake):
        main(open_evaluation(snakemake), snakemake.output.accuracy, model=snakemake.wildcards.model)
