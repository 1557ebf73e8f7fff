"""The disentanglement error of pairs of tasks on a grid of two scaling coefficients."""

from collections.abc import Mapping, Sequence
from pathlib import Path

import numpy as np

from lib.data import prepared
from lib.editing.disentanglement import Term, terms
from lib.files import atomic, outcomes
from lib.files.outcomes import Outcomes
from workflow_scripts.editing.evaluation import Evaluation, identity_of, open_evaluation
from workflow_scripts.job import adapter

Pair = tuple[str, str]


def main(
    evaluation: Evaluation,
    taus: Mapping[str, Path],
    grids: Mapping[Pair, Path],
    of_images: Mapping[Pair, Path],
    *,
    alphas: Sequence[float],
    images: int,
    seed: int,
    identity: Mapping[str, object],
) -> None:
    """Write each pair's grid: alphas Float64[g], Float64[g, g] (axes a1, a2) error_a and error_b, whose sum is xi, and
    representation_a and representation_b, whose sum is xi on the representation, and n; and its outcomes per image.

    identity: what says whose grids these are; written beside them, with the pair.
    """
    for tasks, path in grids.items():
        pair = [evaluation.vector(taus[task]) for task in tasks]
        rows = [_random_rows(evaluation.data[task], images, seed) for task in tasks]

        def compare(own, coefficients, references, pair=pair, tasks=tasks, rows=rows):
            return evaluation.comparisons(pair, coefficients, references, tasks[own], "test", rows[own])

        found = terms(alphas, compare)
        per_image = {kind: tuple(getattr(term, kind).numpy() for term in found) for kind in ("differs", "distance")}
        outcomes.write(of_images[tasks], Outcomes(**identity, pair=tasks, alphas=np.array(alphas), **per_image))
        _write_grid(path, alphas, found, {**identity, "pair": tasks})


def _write_grid(path: Path, alphas: Sequence[float], found: Sequence[Term], identity: Mapping[str, object]) -> None:
    halves = dict(zip("ab", found, strict=True))
    with atomic.whole(path) as temporary:
        np.savez(
            temporary,
            alphas=np.array(alphas),
            **{f"error_{half}": term.error.numpy() for half, term in halves.items()},
            **{f"representation_{half}": term.representation.numpy() for half, term in halves.items()},
            n=np.array([term.differs.shape[-1] for term in found]),
            **{key: np.array(value) for key, value in identity.items()},
        )


def _random_rows(folder: Path, images: int, seed: int) -> np.ndarray:
    n = len(prepared.read(folder, "test"))
    return np.sort(np.random.default_rng(seed).permutation(n)[:images])


if __name__ == "__main__":
    with adapter.job(snakemake):
        params, inputs, outputs = snakemake.params, snakemake.input, snakemake.output
        pairs = [tuple(pair) for pair in params.pairs]
        main(
            open_evaluation(snakemake),
            dict(zip(params.tasks, inputs.taus, strict=True)),
            dict(zip(pairs, map(Path, outputs.grids), strict=True)),
            dict(zip(pairs, map(Path, outputs.outcomes), strict=True)),
            alphas=params.alphas,
            images=params.images,
            seed=params.seed,
            identity=identity_of(snakemake),
        )
