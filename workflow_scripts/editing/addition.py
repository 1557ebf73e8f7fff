"""Task addition: one alpha for the sum of all task vectors, chosen on validation, then tested."""

from collections.abc import Mapping, Sequence
from pathlib import Path

from lib.editing.coefficients import choose_addition, normalized_accuracy
from lib.files import atomic, rows
from workflow_scripts.editing.evaluation import Evaluation, open_evaluation, write_table
from workflow_scripts.job import adapter


def main(
    evaluation: Evaluation,
    taus: Sequence[Path],
    single_task: Path,
    folder: Path,
    *,
    alphas: Sequence[float],
    identity: Mapping[str, object],
) -> None:
    """Write sweep_val.csv (alpha, task, accuracy, n), choice.json (alpha, score) and test.csv to `folder`."""
    total = sum(evaluation.vector(path) for path in taus)
    single = _accuracies(single_task)
    by_task = {task: evaluation.accuracies([total], [[a] for a in alphas], task, "val") for task in evaluation.data}
    sweep = [
        {"alpha": alpha, "task": task, "accuracy": accuracies[i], "n": n}
        for i, alpha in enumerate(alphas)
        for task, (accuracies, n) in by_task.items()
    ]
    write_table(folder / "sweep_val.csv", sweep, {})
    scores = [
        normalized_accuracy({t: accuracies[i] for t, (accuracies, _) in by_task.items()}, single["val"])
        for i in range(len(alphas))
    ]
    choice = choose_addition(alphas, scores)
    atomic.write_json(folder / "choice.json", {"alpha": choice.alpha, "normalized_val": choice.score, "scores": scores})
    tested = []
    for task in evaluation.data:
        (value,), n = evaluation.accuracies([total], [[choice.alpha]], task, "test")
        normalized = normalized_accuracy({task: value}, {task: single["test"][task]})
        tested.append({"alpha": choice.alpha, "task": task, "accuracy": value, "normalized": normalized, "n": n})
    write_table(folder / "test.csv", tested, identity)


def _accuracies(single_task: Path) -> dict[str, dict[str, float]]:
    """Of each task's own model: split -> task -> accuracy."""
    found: dict[str, dict[str, float]] = {"val": {}, "test": {}}
    for row in rows.read(single_task):
        found[row["split"]][row["task"]] = float(row["accuracy"])
    return found


if __name__ == "__main__":
    with adapter.job(snakemake):
        wildcards, params, inputs = snakemake.wildcards, snakemake.params, snakemake.input
        main(
            open_evaluation(inputs, params, mode=wildcards.mode, config=snakemake.config),
            list(inputs.taus),
            inputs.single_task,
            Path(snakemake.output.test).parent,
            alphas=params.alphas,
            identity={"model": wildcards.model, "seed": int(wildcards.seed), "mode": wildcards.mode},
        )
