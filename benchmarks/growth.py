"""How the time of sweeps and heatmaps grows with the work: alphas, images, tasks, grid points.

    python -m benchmarks.growth                                      the demo's ViT, 32 x 32 pixels
    python -m benchmarks.growth --architecture ViT-B-32-quickgelu --images 2048          on a GPU

Expected: a tangent model's time grows with images and tasks alone, and is flat in alphas and grid points until the
products of coefficients with logits, 2 x points x classes FLOPs an image, weigh as much as the pass; a non-linear
model's grows with all of them. `exponent` is the slope in a log-log plot between a row and the one before: 0 is flat,
1 proportional.
"""

from __future__ import annotations

import argparse
import math
from collections.abc import Callable, Iterator
from functools import partial

import torch

from benchmarks import measure
from lib.editing.disentanglement import coefficient_rows
from lib.models.architectures import image_size, read_configuration
from lib.training import modes
from workflow_scripts.job import heap

MODES = ("linear", "standard")


class Setting:
    """A model with random weights, a random task vector and images for each of eight tasks."""

    def __init__(self, architecture: str, folder: str | None, images: int, batch: int):
        self.device, self.images = measure.device(), images
        configuration = read_configuration(architecture, folder)
        self.encoders = {mode: modes.get(mode).image_encoder(configuration) for mode in MODES}
        self.theta_0 = measure.random_theta(configuration)
        self.taus = [measure.random_tau(self.theta_0, seed=task) for task in range(8)]
        side = image_size(configuration)
        stored = torch.randint(0, 256, (images, side, side, 3), dtype=torch.uint8)
        self.batches = list(stored.to(self.device).split(batch))
        self.head = torch.randn(measure.CLASSES, self.theta_0["proj"].shape[1], device=self.device)

    def sweep(self, mode: str, *, alphas: int = 21, share: float = 1.0, tasks: int = 1) -> None:
        """An addition sweep: the sum of `tasks` vectors at so many alphas, on a share of each task's images."""
        total, rows = sum(self.taus[:tasks]), torch.linspace(0, 1, alphas)[:, None]
        for _ in range(tasks):
            self._predict(mode, [total], rows, self.batches[: max(1, round(share * len(self.batches)))])

    def heatmap(self, mode: str, grid: int) -> None:
        """Of one task of a pair, on an eighth of the images."""
        rows = coefficient_rows(torch.linspace(-3, 3, grid).tolist(), 0)
        self._predict(mode, self.taus[:2], rows, self.batches[: max(1, len(self.batches) // 8)])

    def _predict(self, mode: str, taus, rows, batches) -> None:
        modes.get(mode).predictions(self.encoders[mode], self.theta_0, taus, rows, batches, self.head).cpu()


def series(setting: Setting, mode: str) -> Iterator[tuple[str, int, Callable[[], None]]]:
    """(what grows, how much of it, the call)."""
    for alphas in (5, 10, 20, 40):
        yield "alphas", alphas, partial(setting.sweep, mode, alphas=alphas, share=1 / 4)
    for share in (1 / 8, 1 / 4, 1 / 2, 1):
        yield "images", round(share * setting.images), partial(setting.sweep, mode, alphas=5, share=share)
    for tasks in (1, 2, 4, 8):
        yield "tasks", tasks, partial(setting.sweep, mode, alphas=5, share=1 / 8, tasks=tasks)
    for grid in (3, 6, 12) if mode == "standard" else (5, 10, 20, 40):
        yield "grid points", grid**2, partial(setting.heatmap, mode, grid)


def main() -> None:
    """Time every row of every series, and report with the slope between neighbours."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--architecture", default="ViT-demo-8")
    parser.add_argument("--folder", default="demo/clip")
    parser.add_argument("--images", type=int, default=1024)
    parser.add_argument("--batch", type=int, default=128)
    parser.add_argument("--rounds", type=int, default=5)
    chosen = parser.parse_args()
    heap.keep_freed_memory()
    setting = Setting(chosen.architecture, chosen.folder, chosen.images, chosen.batch)
    rows = []
    for mode in MODES:
        last: dict[str, tuple[int, float]] = {}
        for kind, amount, call in series(setting, mode):
            seconds = measure.medians({"": call}, rounds=chosen.rounds)[""]
            slope = math.log(seconds / last[kind][1]) / math.log(amount / last[kind][0]) if kind in last else None
            last[kind] = amount, seconds
            shown = "" if slope is None else f"{slope:.2f}"
            rows.append({"mode": mode, "grows": kind, "amount": amount, "s": round(seconds, 4), "exponent": shown})
    measure.report("growth", rows, f"{chosen.architecture}, {measure.CLASSES} classes, float32")


if __name__ == "__main__":
    main()
