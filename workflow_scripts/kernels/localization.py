"""Where the NTK's eigenfunctions of a model before fine-tuning live: on a task's points, or on a control task's too."""

from collections.abc import Sequence
from pathlib import Path

import numpy as np
import torch

from lib.data import prepared
from lib.data.points import drawn_rows
from lib.files import local_energies
from lib.files.local_energies import LocalEnergies
from lib.kernels.localization import local_energy
from lib.kernels.ntk import ntk
from lib.precision import exact_products
from workflow_scripts.job import adapter
from workflow_scripts.kernels.tower import Tower, open_tower, with_bar


def main(
    tower: Tower,
    head: Path,
    data: tuple[Path, Path],
    energies: Path,
    *,
    points: int,
    logits: int | None,
    cut_offs: Sequence[float],
    seed: int,
    memory_mib: float,
    identity: dict[str, str],
) -> None:
    """Write the local energies (`lib.files.local_energies`). data: the task's prepared splits, and the control task's.

    ASSUME: the points are random training images, cropped in the centre; the paper names neither crop nor seed.
    """
    splits = [prepared.read(folder, "fit") for folder in data]
    rows = [drawn_rows(len(split), points, seed) for split in splits]
    own, control = (tower.points(folder, "fit", drawn) for folder, drawn in zip(data, rows, strict=True))
    adapter.logger.info("a kernel of %d by %d points", len(own), len(own) + len(control))
    with exact_products(tower.device):
        kernel = ntk(
            tower.logits(head, logits),
            tower.theta_0,
            own,
            torch.cat([own, control]),
            memory_mib=memory_mib,
            progress=with_bar("kernel"),
        )
    found = [local_energy(kernel, cut_off) for cut_off in cut_offs]
    arrays = {"energy": torch.stack([one.energy for one in found]), "rank": torch.stack([one.rank for one in found])}
    arrays |= {"values": found[0].values}
    stored = {name: array.cpu().numpy() for name, array in arrays.items()}
    places = {"rows_task": rows[0], "rows_control": rows[1], "cut_offs": np.array(cut_offs, np.float64)}
    local_energies.write(energies, LocalEnergies(**identity, **places, **stored))


if __name__ == "__main__":
    with adapter.job(snakemake):
        params, inputs, wildcards = snakemake.params, snakemake.input, snakemake.wildcards
        main(
            open_tower(snakemake),
            Path(inputs.head),
            tuple(Path(path).parent for path in inputs.splits),
            Path(snakemake.output.energies),
            **params.drawn,
            memory_mib=params.memory_mib,
            identity={name: wildcards[name] for name in ("model", "task", "control")},
        )
