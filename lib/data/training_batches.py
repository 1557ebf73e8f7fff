"""Training batches whose rows and crops depend on (seed, step) alone, so that a resumed run sees what an undisturbed
one would.

DEVIATES: rows and crops come from NumPy's generators of (seed, step), so that a run can be resumed at any step; the
released code draws them with PyTorch's, so no seed gives its batches.

DEVIATES: every epoch has an order of its own; in the released code of Ortiz-Jimenez et al. (2023) all epochs of a run
have the same one, because its sampler is never told the epoch.

DEVIATES: with accumulation the last step of an epoch takes what is left; in the released code an odd last micro-batch
waits for the next epoch, so the number of steps differs.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Generator, Sequence
from dataclasses import dataclass
from functools import lru_cache

import numpy as np
import torch
from torch import Tensor

from lib.data import augment
from lib.data.prepared import PreparedSplit
from lib.data.read_ahead import read_ahead


@dataclass(frozen=True)
class TrainingData:
    """The fit split as shuffled, randomly cropped batches.

    batch_size counts the images of one optimizer step; the last batch of an epoch may be smaller, as in the
    released code.
    """

    split: PreparedSplit
    batch_size: int
    image_size: int
    seed: int

    @property
    def steps_per_epoch(self) -> int:
        return math.ceil(len(self.split) / self.batch_size)

    def rows(self, step: int) -> np.ndarray:
        """Int64[b]: the rows of optimizer step `step`; every epoch is one permutation of all rows."""
        epoch, position = divmod(step, self.steps_per_epoch)
        order = _permutation(len(self.split), self.seed, epoch)
        return order[position * self.batch_size : (position + 1) * self.batch_size]

    def gather(self, step: int, parts: Sequence[slice], *, pin: bool = False) -> list[HostBatch]:
        """The parts of a step's rows, read into host memory and not yet cropped; pin: page-locked, as a GPU copies."""
        rows = self.rows(step)
        sizes = np.stack([self.split.height[rows], self.split.width[rows]], axis=1)
        boxes = augment.random_boxes(sizes, np.random.default_rng([self.seed, 1, step]))
        return [HostBatch.of(self.split, rows[part], boxes[part], pin=pin) for part in parts]

    def ahead(
        self, first: int, last: int, parts: Callable[[int], Sequence[slice]], *, pin: bool = False, readers: int = 2
    ) -> Generator[list[HostBatch]]:
        """`gather` for the steps first, ..., last - 1, in order; so many threads read those that come next.

        parts: the parts of a step of so many rows.
        """

        def read(step: int) -> list[HostBatch]:
            return self.gather(step, parts(len(self.rows(step))), pin=pin)

        return read_ahead(read, range(first, last), readers=readers)


@dataclass(frozen=True)
class HostBatch:
    """A part of a step in host memory. images: UInt8[b, h, w, 3]; boxes: Int64[b, 4]; labels: Int64[b]."""

    images: Tensor
    boxes: Tensor
    labels: Tensor

    @classmethod
    def of(cls, split: PreparedSplit, rows: np.ndarray, boxes: np.ndarray, *, pin: bool) -> HostBatch:
        """The given rows of a split, with their crop boxes."""
        tensors = map(torch.from_numpy, (split.images(rows), boxes, split.label[rows]))
        return cls(*(tensor.pin_memory() if pin else tensor for tensor in tensors))

    def cropped(self, device: torch.device | str, size: int) -> tuple[Tensor, Tensor]:
        """Images UInt8[b, size, size, 3] and labels on `device`, where the images are cropped and resized."""
        images, boxes, labels = (t.to(device, non_blocking=True) for t in (self.images, self.boxes, self.labels))
        return augment.resized_crop(images, boxes, size), labels


@lru_cache(maxsize=2)
def _permutation(n: int, seed: int, epoch: int) -> np.ndarray:
    return np.random.default_rng([seed, 0, epoch]).permutation(n)
