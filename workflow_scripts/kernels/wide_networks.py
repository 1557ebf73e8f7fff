"""Wide networks on two classes of a task, their linearizations, and what the closed form says of these."""

from collections.abc import Sequence
from itertools import product
from pathlib import Path

import numpy as np
import torch
from torch import Tensor

from lib.data import prepared
from lib.data.points import centred, rows_of_classes, signs
from lib.files import trajectories
from lib.files.trajectories import Trajectories
from lib.kernels.linear_dynamics import analytic
from lib.kernels.wide_networks import Trajectory, WideNetwork, descend, linearized, recorded_steps, standardised
from lib.precision import exact_products
from lib.threads import use_threads
from workflow_scripts.job import adapter


def main(
    data: Path,
    stored: Path,
    *,
    classes: tuple[int, int],
    side: int,
    widths: Sequence[int],
    hidden_layers: int,
    points: int,
    test: int,
    steps: int,
    recorded: int,
    learning_rate: float,
    seeds: Sequence[int],
    memory_mib: float,
    device: str,
) -> None:
    """Write the trajectories (`lib.files.trajectories`) of every width and seed. data: the task's prepared splits."""
    rows, (x, x_test), (y, y_test) = _points(data, classes, {"fit": points, "test": test}, seeds[0], side)
    x, x_test = (part.to(device) for part in standardised(x, x_test))
    at = recorded_steps(steps, recorded)
    options = {"learning_rate": learning_rate, "steps": at, "x_test": x_test}
    found = []
    runs = list(product(widths, seeds))
    for width, seed in adapter.progress(runs, total=len(runs), what="networks", unit="network"):
        network = WideNetwork(x.shape[1], width, hidden_layers)
        theta_0 = {name: value.to(device) for name, value in network.initial(seed=seed).items()}
        with exact_products(device):
            found.append(_trajectories(network, theta_0, x, y.to(device), options, memory_mib))
    shape = len(widths), len(seeds), len(trajectories.KINDS), len(at)
    parts = {name: torch.stack([one[name] for one in found]).numpy() for name in found[0]}
    shaped = {name: array.reshape(*shape, -1).astype(np.float32) for name, array in parts.items()}
    targets = {"y": y[:, 0].double().numpy(), "y_test": y_test[:, 0].double().numpy()}
    chosen = {"rows": rows[0], "rows_test": rows[1], "steps": np.array(at, np.int64)}
    trajectories.write(
        stored, Trajectories(np.array(widths, np.int64), np.array(seeds, np.int64), **chosen, **targets, **shaped)
    )


def _points(
    data: Path, classes: tuple[int, int], counts: dict[str, int], seed: int, side: int
) -> tuple[list[np.ndarray], list[Tensor], list[Tensor]]:
    """Of fit and of test: rows, flattened pixels Float32[n, inputs], and targets Float32[n, 1], 1 for the first class
    and -1 for the second."""
    splits = {name: prepared.read(data, name) for name in counts}
    rows = [rows_of_classes(splits[name].label, classes, count, seed) for name, count in counts.items()]
    chosen = list(zip(splits.values(), rows, strict=True))
    x = [torch.from_numpy(centred(split, drawn, side)).flatten(1).float() / 255 for split, drawn in chosen]
    y = [torch.from_numpy(signs(split.label[drawn], classes)).float()[:, None] for split, drawn in chosen]
    return rows, x, y


def _trajectories(
    network: WideNetwork, theta_0: dict[str, Tensor], x: Tensor, y: Tensor, options: dict, memory_mib: float
) -> dict[str, Tensor]:
    """Each part of the trajectories of one network, in the order of `KINDS`, with the outputs' axis of one left out."""
    options = options | {"watched": {f"layers.{layer}.weight": [0, 1] for layer in range(network.hidden_layers + 1)}}
    found: list[Trajectory] = [
        descend(network, theta_0, x, y, **options),
        descend(linearized(network, theta_0), theta_0, x, y, **options),
        analytic(network, theta_0, x, y, memory_mib=memory_mib, **options),
    ]
    return {
        name: torch.stack([getattr(one, name).double().cpu() for one in found])
        for name in ("outputs", "outputs_test", "weights")
    }


if __name__ == "__main__":
    with adapter.job(snakemake):
        params = snakemake.params
        use_threads(snakemake.threads)
        main(
            Path(snakemake.input.splits[0]).parent,
            Path(snakemake.output.trajectories),
            **params.networks,
            memory_mib=params.memory_mib,
            device=adapter.device(snakemake.config["device"]),
        )
