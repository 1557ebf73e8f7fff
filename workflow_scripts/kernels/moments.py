"""Second moments of one fine-tuned model on its own training images: what RegMean and Fisher merging read of a task."""

from collections.abc import Mapping
from pathlib import Path

import torch
from torch import Tensor

from lib.data import prepared
from lib.data.points import drawn_rows
from lib.editing.task_vector import TaskVector
from lib.files import checkpoints
from lib.kernels.moments import fisher, gram_matrices
from lib.precision import exact_products
from workflow_scripts.job import adapter
from workflow_scripts.kernels.tower import Tower, open_tower

_BATCH = 16  # images at a time


def main(
    tower: Tower,
    tau: Path,
    head: Path,
    data: Path,
    outputs: Mapping[str, Path],
    *,
    tangent: bool,
    images: int,
    seed: int,
) -> None:
    """Write the file of each kind in `outputs`: "gram", Gram matrices of all layers' inputs, and "fisher", the diagonal
    of the Fisher information by labels that are drawn from the model; of random images of fit, cropped in the centre.

    tangent: of f_lin, whose layers see what theta_0 makes of the images, and whose gradients are those at theta_0.
    """
    vector = TaskVector(tower.theta(tau))
    theta = tower.theta_0 if tangent else vector.apply(tower.theta_0)
    rows = drawn_rows(len(prepared.read(data, "fit")), images, seed)
    found = [tower.images(data, "fit", rows[start : start + _BATCH]) for start in range(0, len(rows), _BATCH)]
    adapter.logger.info("%s of %d images of fit", ", ".join(outputs), len(rows))
    with exact_products(tower.device):
        if "gram" in outputs:
            grams = gram_matrices(tower.encoder.value, theta, map(tower.encoder.normalised, found))
            _write(outputs["gram"], grams)
        if "fisher" in outputs:
            weight = checkpoints.load(head, names=["weight"])["weight"].to(tower.device)
            embed = _f_lin(tower, vector) if tangent else None
            _write(outputs["fisher"], fisher(tower.encoder.encode, theta, found, weight, embed=embed, seed=seed))


def _f_lin(tower: Tower, tau: TaskVector):
    """x -> f(x; theta_0) + J tau."""

    @torch.no_grad()
    def embed(x: Tensor) -> Tensor:
        value, (tangent,) = tower.encoder.value_and_tangents(tower.theta_0, [tau], x)
        return value + tangent

    return embed


def _write(path: Path, tensors: Mapping[str, Tensor]) -> None:
    checkpoints.save(path, {name: value.float().cpu().contiguous() for name, value in tensors.items()})


if __name__ == "__main__":
    with adapter.job(snakemake):
        params, inputs = snakemake.params, snakemake.input
        kinds = [kind for kind in ("gram", "fisher") if kind in dict(snakemake.output.items())]
        main(
            open_tower(snakemake),
            Path(inputs.tau[0]),
            Path(inputs.head),
            Path(inputs.fit).parent,
            {kind: Path(snakemake.output[kind]) for kind in kinds},
            tangent=params.tangent,
            **params.drawn,
        )
