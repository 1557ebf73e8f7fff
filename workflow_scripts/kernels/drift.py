"""How far a mode's task vectors move the embeddings of each task's held-out images, and what its curvature predicts."""

from collections.abc import Iterator, Mapping
from itertools import product
from pathlib import Path

import numpy as np
from torch import Tensor

from lib.data import prepared
from lib.data.points import drawn_rows
from lib.editing.task_vector import TaskVector
from lib.files import rows, squared_lengths
from lib.files.squared_lengths import SquaredLengths
from lib.kernels import drift
from lib.precision import exact_products
from lib.training import curvature
from workflow_scripts.editing.identity import identity_of
from workflow_scripts.job import adapter
from workflow_scripts.kernels.tower import Tower, open_tower

BATCH = 16  # images at a time, each with a tangent of every task vector


def main(
    tower: Tower,
    taus: Mapping[str, Path],
    curvatures: Mapping[str, Path],
    data: Mapping[str, Path],
    table: Path,
    lengths: Path,
    *,
    points: int,
    seed: int,
    identity: Mapping[str, object],
) -> None:
    """Write vector, task, exact, predicted, norm, n to `table`, a row per pair, and what is behind exact to `lengths`.

    taus, curvatures, data: by task. points: how many val images of each task, drawn by the seed. Holds all task vectors
    and one curvature at a time.
    """
    vectors = {task: tower.theta(path) for task, path in taus.items()}
    found, predicted = {}, {}
    for task, folder in data.items():
        drawn = drawn_rows(len(prepared.read(folder, "val")), points, seed)
        with exact_products(tower.device):
            moved = drift.squared_lengths(
                tower.encoder, tower.theta_0, [*vectors.values()], _batches(tower, folder, drawn)
            )
            known = curvature.load(curvatures[task], tower.device)
            predicted[task] = [float(known.quadratic(tau)) for tau in vectors.values()]
        del known  # before the next one is read
        found[task] = moved.numpy()
    squared_lengths.write(lengths, SquaredLengths(**identity, of=found))
    norms = [TaskVector(tau).norm() for tau in vectors.values()]
    rows.write(
        table,
        [
            {
                **identity,
                "vector": vector,
                "task": task,
                "exact": float(found[task][number].mean(dtype=np.float64)),
                "predicted": predicted[task][number],
                "norm": norms[number],
                "n": found[task].shape[1],
            }
            for (number, vector), task in product(enumerate(vectors), data)
        ],
    )


def _batches(tower: Tower, folder: Path, drawn: np.ndarray) -> Iterator[Tensor]:
    starts = range(0, len(drawn), BATCH)
    for start in adapter.progress(starts, total=len(starts), what=folder.name, unit="batch"):
        yield tower.images(folder, "val", drawn[start : start + BATCH])


if __name__ == "__main__":
    with adapter.job(snakemake):
        params, inputs, outputs = snakemake.params, snakemake.input, snakemake.output
        folders = [Path(path).parent for path in inputs.splits]
        main(
            open_tower(snakemake),
            *(
                dict(zip(params.tasks, map(Path, paths), strict=True))
                for paths in (inputs.taus, inputs.curvatures, folders)
            ),
            Path(outputs.drift),
            Path(outputs.lengths),
            **params.drawn,
            identity=identity_of(snakemake),
        )
