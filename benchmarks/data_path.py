"""Images a second that the data path can feed, against what fine-tuning consumes.

    python -m benchmarks.data_path                                   ViT-B/32, 128 images a step, photographs
    python -m benchmarks.data_path --images 4096 --folder /scratch   more images, on that file system

A step's images are read by threads (`TrainingData.ahead`) and cropped where the model runs. Each rate is measured
alone, then the whole loop, and the model's step alone on images that are there already. Floor: reading copies each
image twice (page cache to frame, frame to device); cropping is 6 x side x height x (width + side) FLOPs an image,
less than 1 % of a ViT-B/32 step's.
"""

from __future__ import annotations

import argparse
import tempfile
from functools import partial
from pathlib import Path

import numpy as np
import torch
import torch.nn.functional as F

from benchmarks import measure
from lib.data import prepared
from lib.data.training_batches import TrainingData
from lib.models.architectures import read_configuration
from lib.models.heads import logits
from lib.precision import PRECISIONS, matmul_precision
from lib.training import modes
from workflow_scripts.job import heap

HEIGHT, WIDTH = 256, 341  # a photograph as it is stored: short side 256, aspect 4/3

CONSUMED = "consumed by a training step alone"


def stored(folder: Path, images: int) -> prepared.PreparedSplit:
    """A fit split of photographs' sizes, upright and lying, written and then mapped as the workflow does."""
    generator = np.random.default_rng(0)
    heights = np.where(generator.random(images) < 0.5, HEIGHT, WIDTH)
    widths = HEIGHT + WIDTH - heights
    sizes = heights * widths * 3
    offset = np.cumsum(sizes) - sizes
    with open(folder / "fit.images.bin", "wb") as file:
        for size in sizes:
            file.write(generator.bytes(int(size)))
    labels = generator.integers(0, measure.CLASSES, images)
    index = {"offset": offset, "height": heights, "width": widths, "label": labels, "row": np.arange(images)}
    np.savez(folder / "fit.index.npz", **index)
    return prepared.read(folder, "fit")


class Setting:
    """A model with random weights, the stored images, and the four calls that are timed."""

    def __init__(self, split: prepared.PreparedSplit, architecture: str, batch: int, precision: str):
        self.device, self.precision = measure.device(), precision
        configuration = read_configuration(architecture)
        encoder = modes.get("standard").image_encoder(configuration)
        self.size = encoder.image_size
        self.data = TrainingData(split, batch, self.size, seed=0)
        theta = measure.random_theta(configuration)
        self.theta = {name: value.requires_grad_() for name, value in theta.items()}
        self.model = encoder.model_at(theta)
        self.head = torch.randn(measure.CLASSES, theta["proj"].shape[1], device=self.device)
        self.pin = self.device == "cuda"
        (self.batch,) = self.data.gather(0, [slice(None)], pin=self.pin)
        self.ready = self.batch.cropped(self.device, self.size)

    def read(self, steps: int, readers: int) -> None:
        for _ in self.data.ahead(0, steps, lambda rows: [slice(None)], pin=self.pin, readers=readers):
            pass

    def crop(self, steps: int) -> None:
        for _ in range(steps):
            self.batch.cropped(self.device, self.size)

    def train(self, steps: int) -> None:
        for _ in range(steps):
            self._gradient(*self.ready)

    def loop(self, steps: int) -> None:
        for (batch,) in self.data.ahead(0, steps, lambda rows: [slice(None)], pin=self.pin):
            self._gradient(*batch.cropped(self.device, self.size))

    def _gradient(self, x: torch.Tensor, y: torch.Tensor) -> None:
        with matmul_precision(self.precision, self.device):
            loss = F.cross_entropy(logits(self.model(self.theta, x), self.head), y)
            torch.autograd.grad(loss, list(self.theta.values()))


def main() -> None:
    """Time all four in turn and report images a second."""
    gpu = torch.cuda.is_available()
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--architecture", default="ViT-B-32-quickgelu")
    parser.add_argument("--images", type=int, default=4096 if gpu else 512)
    parser.add_argument("--batch", type=int, default=128)
    parser.add_argument("--precision", default="tf32" if gpu else "float32", choices=PRECISIONS)
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--folder", help="where to put the images for the time of the run")
    chosen = parser.parse_args()
    heap.keep_freed_memory()
    with tempfile.TemporaryDirectory(dir=chosen.folder) as folder:
        split = stored(Path(folder), chosen.images)
        setting = Setting(split, chosen.architecture, chosen.batch, chosen.precision)
        epoch, few = setting.data.steps_per_epoch, 20 if gpu else 1
        calls = {f"read by {n} threads": (partial(setting.read, readers=n), epoch) for n in (1, 2, 4)}
        calls["cropped where the model runs"] = setting.crop, 4
        calls[CONSUMED] = setting.train, few
        calls["whole loop: read ahead, crop, train"] = setting.loop, few
        times = measure.medians({name: partial(call, n) for name, (call, n) in calls.items()}, rounds=chosen.rounds)
    rates = {name: calls[name][1] * chosen.batch / seconds for name, seconds in times.items()}
    rows = [
        {"what": name, "images/s": round(rate, 1), "over a training step's": round(rate / rates[CONSUMED], 2)}
        for name, rate in rates.items()
    ]
    measure.report("data_path", rows, f"{chosen.architecture}, {chosen.batch} images a step, {chosen.precision}")


if __name__ == "__main__":
    main()
