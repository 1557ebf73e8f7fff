"""Empirical NTKs of an image tower, one output, against explicit per-sample gradients: memory, time, and their growth.

    python -m benchmarks.kernels                                        ViT-B/32: 64 points, 8 and 16 against gradients

Both sides take one point's output from the same f. The explicit side makes the gradients of all points by
torch.func.vmap(torch.func.grad) and adds up each parameter's Gram matrix; it holds 4 bytes x parameters x points,
whatever else it does. Ours holds a tape, 0.1 of that, and by its tiles never more than `--memory` MiB. `exponent` is
the slope in a log-log plot between a row and the one before. Expected: 1 for both while all points fit into one tile,
and from there on 0 for memory and 2 for time.

`--layers 4` cuts the tower to four blocks, so that explicit gradients of 64 points fit into 16 GB: time and memory of
both sides grow with the blocks alike.

Memory is what torch allocates beside theta and the points; seconds are of the wall clock and of the processors.
"""

from __future__ import annotations

import argparse
import math
import statistics
import time
from collections.abc import Callable

import torch

from benchmarks import measure
from lib.kernels.image_towers import embedding
from lib.kernels.ntk import ntk
from lib.models.architectures import image_size, read_configuration
from lib.models.encoders.image import image_encoder
from lib.models.linearize import differentiable_attention
from workflow_scripts.job import heap


class Setting:
    """A tower with random weights, its first output, and random points. chosen: the words of the command line."""

    def __init__(self, chosen: argparse.Namespace, points: int):
        configuration, memory = read_configuration(chosen.architecture, chosen.folder), chosen.memory
        if chosen.layers is not None:
            configuration["vision_cfg"]["layers"] = chosen.layers
        tower, side = embedding(image_encoder(configuration)), image_size(configuration)
        self.f = lambda theta, x: tower(theta, x)[:, :1]
        self.theta, self.memory = measure.random_theta(configuration), memory
        self.x = torch.randn(points, 3, side, side, generator=torch.Generator().manual_seed(0)).to(measure.device())

    @property
    def parameters(self) -> int:
        return sum(value.numel() for value in self.theta.values())

    def ours(self) -> torch.Tensor:
        return ntk(self.f, self.theta, self.x, memory_mib=self.memory)[0]

    def explicit(self) -> torch.Tensor:
        with differentiable_attention():
            one = torch.func.grad(lambda theta, x: self.f(theta, x[None])[0, 0])
            gradients = torch.func.vmap(one, in_dims=(None, 0))(self.theta, self.x)
        return sum((g.flatten(1) @ g.flatten(1).mT).double() for g in gradients.values())


def prepared(side: str, chosen: argparse.Namespace, points: int) -> Callable[[], object]:
    """The call of one side, for a process of its own."""
    heap.keep_freed_memory()
    return getattr(Setting(chosen, points), side)


def seconds(calls: dict[str, Callable[[], object]], rounds: int) -> dict[str, tuple[float, float]]:
    """Medians of (wall clock, processors) of each call, in turn, after one round that does not count."""
    found: dict[str, list[tuple[float, float]]] = {name: [] for name in calls}
    for _ in range(rounds + 1):
        for name, call in calls.items():
            before = time.process_time()
            elapsed = measure.seconds(call)
            found[name].append((elapsed, time.process_time() - before))
    return {
        name: tuple(statistics.median(kind[1:]) for kind in zip(*times, strict=True)) for name, times in found.items()
    }


def rows(chosen: argparse.Namespace) -> list[dict[str, object]]:
    """One row for each side and number of points."""
    found, last = [], {}
    for points in sorted({*chosen.points, *chosen.explicit}):
        setting = Setting(chosen, points)
        sides = ["ours"] + ["explicit"] * (points in chosen.explicit)
        times = seconds({side: getattr(setting, side) for side in sides}, chosen.rounds)
        jacobian = 4 * setting.parameters * points / 1e9
        difference = None
        if "explicit" in sides:
            difference = ((setting.ours() - (k := setting.explicit())).norm() / k.norm()).item()
        for side in sides:
            peak = measure.peak_gigabytes(prepared, side, chosen, points)
            values = {"s": times[side][0], "processor s": times[side][1], "peak GB": peak}
            row = {"side": side, "points": points, **{name: round(value, 3) for name, value in values.items()}}
            row["over explicit gradients' GB"] = round(peak / jacobian, 3)
            for name, value in values.items():
                slope = _slope(last.get(side), points, name, value)
                row[f"exponent of {name}"] = "" if slope is None else round(slope, 2)
            row["relative difference"] = "" if side == "ours" or difference is None else f"{difference:.1e}"
            last[side] = (points, values)
            found.append(row)
    return found


def _slope(before: tuple[int, dict[str, float]] | None, points: int, name: str, value: float) -> float | None:
    if before is None:
        return None
    return math.log(value / before[1][name]) / math.log(points / before[0])


def main() -> None:
    """Measure and report."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--architecture", default="ViT-B-32-quickgelu")
    parser.add_argument("--folder")
    parser.add_argument("--layers", type=int, help="blocks of the tower; default all")
    parser.add_argument("--points", type=int, nargs="+", default=[8, 16, 32, 64])
    parser.add_argument("--explicit", type=int, nargs="*", default=[8, 16])
    parser.add_argument("--memory", type=float, default=2048, help="MiB that a kernel may hold")
    parser.add_argument("--rounds", type=int, default=5)
    chosen = parser.parse_args()
    heap.keep_freed_memory()
    variant = f"{chosen.layers}_blocks" if chosen.layers else ""
    note = f"{chosen.architecture}, {chosen.layers or 'all'} blocks, one output, float32"
    measure.report("kernels", rows(chosen), note, variant=variant)


if __name__ == "__main__":
    main()
