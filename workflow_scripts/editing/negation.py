"""Task negation: forget one task, f(theta_0 -+ alpha tau_t), while the control task keeps its accuracy."""

from collections.abc import Mapping, Sequence
from pathlib import Path

from lib.editing.coefficients import choose_negation
from lib.editing.task_vector import TaskVector
from lib.files import atomic
from workflow_scripts.editing.evaluation import Evaluation, Measured, identity_of, open_evaluation, write_table
from workflow_scripts.job import adapter


def main(
    evaluation: Evaluation,
    tau: Path,
    folder: Path,
    *,
    task: str,
    control: str,
    alphas: Sequence[float],
    control_floor: float,
    forgetting: int,
    identity: Mapping[str, object],
) -> None:
    """Write sweep_val.csv (alpha, task, accuracy, n; target and control), choice.json, test.csv and predictions.npz to
    `folder`; of val, predictions have a row per alpha (the control's begin with alpha 0, in the grid or not), of test
    one.

    forgetting: the sign of alpha tau that forgets: -1, or +1 for a vector that was trained to forget.
    """
    vector, measured = evaluation.vector(tau), Measured(evaluation)
    alpha = choose_alpha(
        measured, vector, folder, task=task, control=control, alphas=alphas, control_floor=control_floor,
        forgetting=forgetting, identity=identity,
    )  # fmt: skip
    (target_test,), _ = measured.accuracies([vector], [[forgetting * alpha]], task, "test")
    (control_test,), _ = measured.accuracies([vector], [[forgetting * alpha]], control, "test")
    row = {"task": task, "alpha": alpha, "target": target_test, "control": control_test}
    write_table(folder / "test.csv", [row], identity)
    measured.write(folder / "predictions.npz", {**identity, "task": task})


def choose_alpha(
    measured: Measured,
    vector: TaskVector,
    folder: Path,
    *,
    task: str,
    control: str,
    alphas: Sequence[float],
    control_floor: float,
    forgetting: int,
    identity: Mapping[str, object],
) -> float:
    """Sweep alpha on validation images, write sweep_val.csv and choice.json to `folder`, and return the chosen one."""
    target, n_target = measured.accuracies([vector], [[forgetting * a] for a in alphas], task, "val")
    # alpha 0 is the pre-trained model, against which the floor is measured
    rows = [*([] if 0 in alphas else [0.0]), *alphas]
    found, n_control = measured.accuracies([vector], [[forgetting * a] for a in rows], control, "val")
    pretrained, kept = found[rows.index(0)], found[-len(alphas) :]
    sweep = [
        {"alpha": alpha, "task": name, "accuracy": accuracies[i], "n": n}
        for i, alpha in enumerate(alphas)
        for name, accuracies, n in ((task, target, n_target), (control, kept, n_control))
    ]
    write_table(folder / "sweep_val.csv", sweep, identity)
    choice = choose_negation(alphas, target, kept, control_pretrained=pretrained, floor=control_floor)
    atomic.write_json(
        folder / "choice.json",
        {
            "alpha": choice.alpha,
            "target_val": choice.score,
            "control_pretrained_val": pretrained,
            "floor": control_floor,
        },
    )
    return choice.alpha


if __name__ == "__main__":
    with adapter.job(snakemake):
        params, inputs = snakemake.params, snakemake.input
        main(
            open_evaluation(snakemake),
            inputs.tau,
            Path(snakemake.output.test).parent,
            task=snakemake.wildcards.task,
            control=params.tasks[1],
            alphas=params.alphas,
            control_floor=params.control_floor,
            forgetting=params.forgetting,
            identity=identity_of(snakemake),
        )
