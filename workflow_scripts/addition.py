"""Task addition: one alpha for the sum of all task vectors, chosen on validation, then tested."""

from collections.abc import Mapping, Sequence
from pathlib import Path

import pandas as pd

from lib import atomic
from lib.coefficients import choose_addition, normalized_accuracy
from workflow_scripts import adapter
from workflow_scripts.evaluation import Evaluation, open_evaluation, write_table


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
    single = pd.read_csv(single_task).pivot(index="split", columns="task", values="accuracy")
    by_task = {task: evaluation.accuracies([total], [[a] for a in alphas], task, "val") for task in evaluation.data}
    sweep = [
        {"alpha": alpha, "task": task, "accuracy": accuracies[i], "n": n}
        for i, alpha in enumerate(alphas)
        for task, (accuracies, n) in by_task.items()
    ]
    write_table(folder / "sweep_val.csv", sweep, {})
    scores = [
        normalized_accuracy({t: accuracies[i] for t, (accuracies, _) in by_task.items()}, single.loc["val"].to_dict())
        for i in range(len(alphas))
    ]
    choice = choose_addition(alphas, scores)
    atomic.write_json(folder / "choice.json", {"alpha": choice.alpha, "normalized_val": choice.score, "scores": scores})
    rows = []
    for task in evaluation.data:
        (value,), n = evaluation.accuracies([total], [[choice.alpha]], task, "test")
        normalized = normalized_accuracy({task: value}, {task: single.loc["test", task]})
        rows.append({"alpha": choice.alpha, "task": task, "accuracy": value, "normalized": normalized, "n": n})
    write_table(folder / "test.csv", rows, identity)


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
