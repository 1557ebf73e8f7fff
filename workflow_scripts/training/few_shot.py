"""Fine-tune on k images of each class of task d, from the pre-trained model and from the one edited by analogy."""

import dataclasses
from collections.abc import Iterator, Mapping, Sequence
from importlib import import_module
from pathlib import Path

import torch
from torch import Tensor

from lib.data import prepared
from lib.data.few_shot import few_shot_rows, subset
from lib.data.prepared import PreparedSplit
from lib.data.training_batches import TrainingData
from lib.determinism import deterministic
from lib.editing.analogies import analogy
from lib.editing.task_vector import TaskVector
from lib.files import own_files, predictions
from lib.parameters import matching
from lib.precision import matmul_precision
from lib.training.finetune import Recipe, finetune
from lib.training.objectives.interface import Context
from workflow_scripts.editing.evaluation import Evaluation, identity_of, open_evaluation, write_table
from workflow_scripts.job import adapter


@dataclasses.dataclass(frozen=True)
class Tuning:
    """How a mode trains, whatever it starts from: see `workflow_scripts.training.finetune.main`."""

    training: Mapping[str, object]
    others: Mapping[str, Mapping[str, Path]]
    recipe: Mapping[str, object]
    accumulate: int
    image_size: int
    seed: int

    def run(self, evaluation: Evaluation, start: Mapping[str, Tensor], data: PreparedSplit, task: str) -> TaskVector:
        """theta - theta_0 after fine-tuning from `start`; a tangent model stays the one at theta_0."""
        module = import_module(self.training["objective"])
        settings, others = self.training["settings"], self.others
        context = Context.of(evaluation.encoder, evaluation.theta_0, evaluation.heads[task], settings, others)
        context = dataclasses.replace(context, theta_0=start)
        parts = ("objective", "penalty", "mask")
        method = {part: getattr(module, part)(context) for part in parts if hasattr(module, part)}
        exactly, device = deterministic(self.recipe.get("deterministic", False)), evaluation.device
        with exactly, matmul_precision(self.recipe["precision"], device):
            theta, _ = finetune(
                theta_0=start,
                trained=matching(start, self.training["trains"]),
                data=TrainingData(data, self.recipe["batch_size"], self.image_size, self.seed),
                recipe=self._recipe(),
                on_progress=adapter.training_bar(self.recipe["steps"], f"{task}, {len(data)} images"),
                **method,
            )
        return TaskVector.between(evaluation.theta_0, theta)

    def _recipe(self) -> Recipe:
        others = ("batch_size", "precision", "deterministic", "betas")
        values = {key: value for key, value in self.recipe.items() if key not in others}
        return Recipe(accumulate=self.accumulate, betas=tuple(self.recipe["betas"]), **values)


def main(
    evaluation: Evaluation,
    tuning: Tuning,
    taus: Sequence[Path],
    alpha: float,
    accuracy: Path,
    stored: Path,
    *,
    shots: Sequence[int],
    identity: Mapping[str, object],
) -> None:
    """Write task, start, shots, alpha, accuracy, n to `accuracy`, and the predictions behind each row to `stored`.

    taus: those of a, b and c; alpha: the choice of the analogy. All runs have the recipe of fine-tuning but for steps
    and warm-up, which do not depend on the number of images.

    ASSUME: shots are drawn, and batches ordered, by the seed of the fine-tuning run; the paper does not say how.
    """
    ((task, _),) = evaluation.data.items()
    edit = analogy(*(evaluation.vector(path) for path in taus))
    alphas = {"pretrained": 0.0, "analogy": alpha}
    starts = {start: edit.apply(evaluation.theta_0, scale) for start, scale in alphas.items()}
    found = list(_models(evaluation, tuning, starts, shots, task))
    labels = torch.from_numpy(prepared.read(evaluation.data[task], "test").label)
    rows = [
        {"task": task, "start": start, "shots": k, "alpha": alphas[start]}
        | {"accuracy": (predicted == labels).double().mean().item(), "n": len(labels)}
        for start, k, predicted in found
    ]
    write_table(accuracy, rows, identity)
    classes = {task: len(evaluation.heads[task])}
    predictions.write(stored, {(task, "test"): torch.stack([row for *_, row in found])}, classes, identity)


def _models(
    evaluation: Evaluation,
    tuning: Tuning,
    starts: Mapping[str, Mapping[str, Tensor]],
    shots: Sequence[int],
    task: str,
) -> Iterator[tuple[str, int, Tensor]]:
    """(start, shots, predictions on test Int64[n]), one model in memory at a time."""
    fit = prepared.read(evaluation.data[task], "fit")
    for start, theta in starts.items():
        for k in shots:
            few = subset(fit, few_shot_rows(fit.label, k, tuning.seed))
            tau = tuning.run(evaluation, theta, few, task)
            yield start, k, evaluation.predictions([tau], [[1.0]], task, "test")[0][0]


if __name__ == "__main__":
    with adapter.job(snakemake):
        params, inputs, outputs = snakemake.params, snakemake.input, snakemake.output
        others = {kind: {task: Path(path) for task, path in files.items()} for kind, files in params.others.items()}
        main(
            open_evaluation(snakemake),
            Tuning(
                training=params.training,
                others=others,
                recipe=dict(params.recipe),
                accumulate=params.accumulate,
                image_size=params.image_size,
                seed=int(snakemake.wildcards.seed),
            ),
            inputs.taus,
            own_files.read_json(inputs.choice, ("alpha",))["alpha"],
            Path(outputs.accuracy),
            Path(outputs.predictions),
            shots=params.shots,
            identity=identity_of(snakemake, quadruple=snakemake.wildcards.quadruple),
        )
