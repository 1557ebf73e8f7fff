"""A task by analogy: theta_0 + alpha (tau_c + (tau_b - tau_a)) on task d, beside d's pre-trained and own model."""

from collections.abc import Mapping, Sequence
from pathlib import Path

from lib.editing.analogies import analogy
from lib.editing.coefficients import choose_addition
from lib.files import atomic
from workflow_scripts.editing.evaluation import Evaluation, Measured, identity_of, open_evaluation, write_table
from workflow_scripts.job import adapter


def main(
    evaluation: Evaluation,
    taus: Mapping[str, Path],
    folder: Path,
    *,
    alphas: Sequence[float],
    identity: Mapping[str, object],
) -> None:
    """Write sweep_val.csv (alpha, task, accuracy, n), choice.json, test.csv and predictions.npz.

    taus: those of a, b, c and d, in this order. alpha: of the highest accuracy on d's validation images; ties go to the
    smallest. A row of test.csv: the model that was started from, with which alpha, and how many images of each class of
    d it was fine-tuned on; with all of them, it is d's own model.
    """
    (*_, d) = taus
    a, b, c, own = (evaluation.vector(path) for path in taus.values())
    edit, measured = analogy(a, b, c), Measured(evaluation)
    found, n = measured.accuracies([edit], [[alpha] for alpha in alphas], d, "val")
    sweep = [{"alpha": alpha, "task": d, "accuracy": value, "n": n} for alpha, value in zip(alphas, found, strict=True)]
    write_table(folder / "sweep_val.csv", sweep, identity)
    choice = choose_addition(alphas, found)  # of one task: dividing by its single-task accuracy changes no order
    atomic.write_json(folder / "choice.json", {"alpha": choice.alpha, "accuracy_val": choice.score})
    edits = [[0.0, 0.0], [choice.alpha, 0.0], [0.0, 1.0]]
    tested, n = measured.accuracies([edit, own], edits, d, "test")
    known = [("pretrained", 0, 0.0), ("analogy", 0, choice.alpha), ("pretrained", "all", 0.0)]
    rows = [
        {"task": d, "start": start, "shots": shots, "alpha": alpha, "accuracy": value, "n": n}
        for (start, shots, alpha), value in zip(known, tested, strict=True)
    ]
    write_table(folder / "test.csv", rows, identity)
    measured.write(folder / "predictions.npz", identity)


if __name__ == "__main__":
    with adapter.job(snakemake):
        params, inputs = snakemake.params, snakemake.input
        main(
            open_evaluation(snakemake),
            dict(zip(params.quadruple, inputs.taus, strict=True)),
            Path(snakemake.output.test).parent,
            alphas=params.alphas,
            identity=identity_of(snakemake, quadruple=snakemake.wildcards.quadruple),
        )
