"""Task addition by one merging rule: one alpha for the merged vector, chosen on validation, then tested."""

from collections.abc import Mapping, Sequence
from importlib import import_module
from pathlib import Path

from lib.editing.coefficients import choose_addition, normalized_accuracy, normalized_accuracy_where_learnt
from lib.editing.merging.interface import Coefficients
from lib.files import atomic
from workflow_scripts.editing.evaluation import (
    Evaluation,
    Measured,
    identity_of,
    open_evaluation,
    single_task_accuracies,
    write_table,
)
from workflow_scripts.job import adapter


def main(
    evaluation: Evaluation,
    taus: Mapping[str, Path],
    single_task: Path,
    folder: Path,
    *,
    rule: str,
    settings: Mapping[str, object],
    statistics: Mapping[str, Mapping[str, str]],
    alphas: Sequence[float],
    random_init: bool,
    identity: Mapping[str, object],
) -> None:
    """Write sweep_val.csv (alpha, task, accuracy, n), choice.json (alpha, score), test.csv and predictions.npz to
    `folder`; of val, predictions have a row per alpha, of test one.

    rule: the module of `lib.editing.merging` whose `merge` makes one vector, or coefficients, of the task vectors.
    statistics: kind of file -> task -> path, of the kinds that the rule declares. random_init: theta_0 is random, so a
    single-task accuracy may be zero; what it divides is left out, and left empty in test.csv.
    """
    single = single_task_accuracies(single_task, list(evaluation.data))
    vectors = evaluation.vectors(taus)
    read = {kind: {task: Path(path) for task, path in files.items()} for kind, files in statistics.items()}
    merged = import_module(rule).merge(vectors, read, settings)
    if isinstance(merged, Coefficients):
        edit = sum(merged.by_task[task] * tau for task, tau in vectors.items())
    else:
        edit = merged
    measured = Measured(evaluation)
    grid = [[alpha] for alpha in alphas]
    by_task = {task: measured.accuracies([edit], grid, task, "val") for task in evaluation.data}
    sweep = [
        {"alpha": alpha, "task": task, "accuracy": accuracies[i], "n": n}
        for i, alpha in enumerate(alphas)
        for task, (accuracies, n) in by_task.items()
    ]
    write_table(folder / "sweep_val.csv", sweep, identity)
    normalize = normalized_accuracy_where_learnt if random_init else normalized_accuracy
    scores = [
        normalize({t: accuracies[i] for t, (accuracies, _) in by_task.items()}, single["val"])
        for i in range(len(alphas))
    ]
    choice = choose_addition(alphas, scores)
    chosen = {"alpha": choice.alpha, "normalized_val": choice.score, "scores": scores}
    if isinstance(merged, Coefficients):
        chosen["coefficients"] = dict(merged.by_task)
    atomic.write_json(folder / "choice.json", chosen)
    tested = []
    for task in evaluation.data:
        (value,), n = measured.accuracies([edit], [[choice.alpha]], task, "test")
        own = single["test"][task]
        normalized = None if random_init and own == 0 else normalized_accuracy({task: value}, {task: own})
        tested.append({"alpha": choice.alpha, "task": task, "accuracy": value, "normalized": normalized, "n": n})
    write_table(folder / "test.csv", tested, identity)
    measured.write(folder / "predictions.npz", identity)


if __name__ == "__main__":
    with adapter.job(snakemake):
        params, inputs = snakemake.params, snakemake.input
        main(
            open_evaluation(snakemake),
            dict(zip(params.tasks, inputs.taus, strict=True)),
            inputs.single_task,
            Path(snakemake.output.test).parent,
            rule=params.merged_by["module"],
            settings=params.merged_by["settings"],
            statistics=params.statistics,
            alphas=params.merged_by["alphas"],
            random_init=params.random_init,
            identity=identity_of(snakemake, rule=snakemake.wildcards.merging),
        )
