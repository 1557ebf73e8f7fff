"""The curvature of a task at theta_0, of the normalised embedding, on images of its fit part without their labels."""

from collections.abc import Iterator
from pathlib import Path

import torch.nn.functional as F
from torch import Tensor

from lib.data import prepared
from lib.data.points import drawn_rows
from lib.kernels import kfac
from lib.parameters import matching
from lib.precision import exact_products
from lib.training import curvature
from workflow_scripts.job import adapter
from workflow_scripts.kernels.tower import Tower, open_tower

BATCH = 8  # images on the tape at a time; sums over images come in another order with another


def main(tower: Tower, data: Path, factors: Path, *, trains: list[str], images: int, samples: int, seed: int) -> None:
    """Write the factors of the parameters whose names match `trains`. images: how many, drawn by the seed."""
    rows = drawn_rows(len(prepared.read(data, "fit")), images, seed)

    def embedding(theta: dict[str, Tensor], x: Tensor) -> Tensor:
        return F.normalize(tower.encoder.value(theta, x), dim=-1)

    def batches() -> Iterator[Tensor]:
        starts = range(0, len(rows), BATCH)
        for start in adapter.progress(starts, total=len(starts), what=data.name, unit="batch"):
            yield tower.points(data, "fit", rows[start : start + BATCH])

    with exact_products(tower.device):
        found = kfac.curvature(
            embedding,
            tower.theta_0,
            batches(),
            trained=matching(tower.theta_0, trains),
            samples=samples,
            seed=seed,
            size=len(prepared.read(data, "fit")),
        )
    curvature.save(factors, found)


if __name__ == "__main__":
    with adapter.job(snakemake):
        main(
            open_tower(snakemake),
            Path(snakemake.input.split).parent,
            Path(snakemake.output.factors),
            trains=snakemake.params.trains,
            **snakemake.params.drawn,
        )
