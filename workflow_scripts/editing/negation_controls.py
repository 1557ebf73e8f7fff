"""Controls of negation (Ilharco et al. 2023, Table 1): models as they were trained, and a negated random vector.

ASSUME: models as they were trained are theta_0 + tau, without a choice of alpha; the random vector's alpha is chosen as
that of a task vector, by the same sweep above the same floor.
"""

from collections.abc import Mapping, Sequence
from pathlib import Path

from lib.editing.random_vector import random_vector
from workflow_scripts.editing.evaluation import Evaluation, Measured, open_evaluation, write_table
from workflow_scripts.editing.negation import choose_alpha
from workflow_scripts.job import adapter

RANDOM = "random-vector"


def main(
    evaluation: Evaluation,
    taus: Mapping[str, Path],
    folder: Path,
    *,
    modes: Mapping[str, str],
    task: str,
    control: str,
    alphas: Sequence[float],
    control_floor: float,
    seed: int,
    identity: Mapping[str, object],
) -> None:
    """Write sweep_val.csv and choice.json of the random vector, test.csv (a row per control) and predictions.npz.

    taus: control -> the task vector of the model as it was trained, the fine-tuned model's first; the random vector is
    as long as that one. modes: control -> the mode that trained it. seed: of the random vector, with the run's.
    """
    vectors = {method: evaluation.vector(path) for method, path in taus.items()}
    (fine_tuned, *_), (mode, *_) = vectors.values(), modes.values()
    vectors[RANDOM] = random_vector(fine_tuned, seed=seed, run=identity["seed"], task=task)
    measured, whose = Measured(evaluation), {**identity, "mode": mode, "method": RANDOM}
    alpha = choose_alpha(
        measured, vectors[RANDOM], folder, task=task, control=control, alphas=alphas, control_floor=control_floor,
        forgetting=-1, identity=whose,
    )  # fmt: skip
    scales = dict.fromkeys(taus, 1.0) | {RANDOM: -alpha}
    edits = [[scale if other == method else 0.0 for other in vectors] for method, scale in scales.items()]
    tested = [measured.accuracies(list(vectors.values()), edits, name, "test")[0] for name in (task, control)]
    rows = [
        {"mode": modes.get(method, mode), "method": method, "task": task, "alpha": abs(scales[method])}
        | {"target": target, "control": kept}
        for method, target, kept in zip(vectors, *tested, strict=True)
    ]
    write_table(folder / "test.csv", rows, identity)
    measured.write(folder / "predictions.npz", {**identity, "mode": mode, "task": task})


if __name__ == "__main__":
    with adapter.job(snakemake):
        params, wildcards = snakemake.params, snakemake.wildcards
        main(
            open_evaluation(snakemake),
            dict(zip(params.controls, snakemake.input.taus, strict=True)),
            Path(snakemake.output.test).parent,
            modes=params.controls,
            task=wildcards.task,
            control=params.tasks[1],
            alphas=params.alphas,
            control_floor=params.control_floor,
            seed=params.seed,
            identity={"model": wildcards.model, "seed": int(wildcards.seed)},
        )
