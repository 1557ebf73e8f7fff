"""The disentanglement error of pairs of tasks on a grid of two scaling coefficients."""

from collections.abc import Mapping, Sequence
from pathlib import Path

import numpy as np

from lib.data import prepared
from lib.editing.disentanglement import error_terms
from lib.files import atomic
from workflow_scripts.editing.evaluation import Evaluation, identity_of, open_evaluation
from workflow_scripts.job import adapter


def main(
    evaluation: Evaluation,
    taus: Mapping[str, Path],
    outputs: Mapping[tuple[str, str], Path],
    *,
    alphas: Sequence[float],
    images: int,
    seed: int,
    identity: Mapping[str, object],
) -> None:
    """Write per pair alphas Float64[g] and error_a, error_b Float64[g, g] (axes a1, a2; xi is their sum) and n.

    identity: what says whose grids these are; written beside them, with the pair.
    """
    for (task_a, task_b), path in outputs.items():
        pair = [evaluation.vector(taus[task]) for task in (task_a, task_b)]
        rows = {task: _random_rows(evaluation.data[task], images, seed) for task in (task_a, task_b)}

        def predict(own, coefficients, pair=pair, tasks=(task_a, task_b), rows=rows):
            return evaluation.predictions(pair, coefficients, tasks[own], "test", rows[tasks[own]])[0]

        error_a, error_b = error_terms(alphas, predict)
        with atomic.whole(path) as temporary:
            np.savez(
                temporary,
                alphas=np.array(alphas),
                error_a=error_a.numpy(),
                error_b=error_b.numpy(),
                n=np.array([len(rows[task_a]), len(rows[task_b])]),
                pair=np.array([task_a, task_b]),
                **{key: np.array(value) for key, value in identity.items()},
            )


def _random_rows(folder: Path, images: int, seed: int) -> np.ndarray:
    n = len(prepared.read(folder, "test"))
    return np.sort(np.random.default_rng(seed).permutation(n)[:images])


if __name__ == "__main__":
    with adapter.job(snakemake):
        params, inputs = snakemake.params, snakemake.input
        main(
            open_evaluation(snakemake),
            dict(zip(params.tasks, inputs.taus, strict=True)),
            {tuple(pair): Path(path) for pair, path in zip(params.pairs, snakemake.output.grids, strict=True)},
            alphas=params.alphas,
            images=params.images,
            seed=params.seed,
            identity=identity_of(snakemake),
        )
