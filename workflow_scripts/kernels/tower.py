"""What the scripts on kernels share: an image tower as a function of named tensors, and images as its points."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from functools import partial
from importlib import import_module
from pathlib import Path

import numpy as np
import torch
from torch import Tensor

from lib.data import prepared
from lib.data.points import centred
from lib.files import checkpoints
from lib.kernels import image_towers
from lib.models.encoders.interface import ImageEncoder
from lib.models.linearize import Function
from lib.threads import use_threads
from workflow_scripts.job import adapter


@dataclass(frozen=True)
class Tower:
    """An image tower at theta_0 on a device. encoder: of the model that is trained, a tangent model or not."""

    encoder: ImageEncoder
    theta_0: Mapping[str, Tensor]
    device: str

    @classmethod
    def of(cls, theta_0: str | Path, *, encoder: str, architecture: Mapping[str, object], device: str) -> Tower:
        """A tower from its file. encoder: a module with a function `image_encoder`."""
        weights = {name: value.to(device) for name, value in checkpoints.load(theta_0).items()}
        return cls(import_module(encoder).image_encoder(architecture), weights, device)

    def theta(self, path: str | Path) -> dict[str, Tensor]:
        """Fine-tuned weights from their file, on the device."""
        return {name: value.to(self.device) for name, value in checkpoints.load(path).items()}

    def logits(self, head: str | Path, count: int | None = None) -> Function:
        """(theta, x) -> Float32[Tensor, "n C"] under a task's head; count: its first logits alone."""
        weight = checkpoints.load(head, names=["weight"])["weight"].to(self.device)
        return image_towers.logits(self.encoder, weight[:count])

    def images(self, folder: Path, split: str, rows: np.ndarray) -> Tensor:
        """UInt8[Tensor, "b s s 3"] of a prepared split, on the device; of texts, UInt8[Tensor, "b 1 l 3"]."""
        stored, side = prepared.read(folder, split), getattr(self.encoder, "image_size", None)  # texts have no size
        found = stored.images(rows) if side is None else centred(stored, rows, side)
        return torch.from_numpy(found).to(self.device)

    def points(self, folder: Path, split: str, rows: np.ndarray) -> Tensor:
        """Float[Tensor, "b 3 s s"]: the same images, normalised; of texts, Int64[Tensor, "b 2 l"]: ids and mask."""
        return self.encoder.normalised(self.images(folder, split, rows))


def open_tower(snakemake) -> Tower:
    """A Tower from the input theta_0 and the params architecture and encoder."""
    use_threads(snakemake.threads)
    params = snakemake.params
    device = adapter.device(snakemake.config["device"])
    return Tower.of(snakemake.input.theta_0, encoder=params.encoder, architecture=params.architecture, device=device)


def with_bar(what: str):
    """How a kernel's computation shows its progress: a function of its tiles."""
    return partial(_shown, what)


def _shown(what: str, tiles: Iterable) -> Iterator:
    tiles = list(tiles)
    return adapter.progress(tiles, total=len(tiles), what=what, unit="tile")
