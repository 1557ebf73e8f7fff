"""Training batches whose rows and crops depend on (seed, step) alone, so that a resumed run sees what an undisturbed
one would.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from functools import lru_cache

import numpy as np
import torch
from torch import Tensor

from lib import augment
from lib.prepared import PreparedSplit


@dataclass(frozen=True)
class TrainingData:
    """The fit split as shuffled, randomly cropped batches.

    batch_size counts the pictures of one optimizer step; the last batch of an epoch may be smaller, as in the
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

    def batch(self, step: int, part: slice, device: torch.device | str) -> tuple[Tensor, Tensor]:
        """Pictures UInt8[b, s, s, 3] and labels Int64[b] of a part of a step's rows, cropped on `device`."""
        rows = self.rows(step)
        sizes = np.stack([self.split.height[rows], self.split.width[rows]], axis=1)
        boxes = augment.random_boxes(sizes, np.random.default_rng([self.seed, 1, step]))[part]
        pictures = torch.from_numpy(self.split.pictures(rows[part])).to(device, non_blocking=True)
        cropped = augment.resized_crop(pictures, torch.from_numpy(boxes).to(device), self.image_size)
        return cropped, torch.from_numpy(self.split.label[rows[part]]).to(device)


@dataclass(frozen=True)
class EvaluationBatches:
    """The pictures of an evaluation split in order, as often as they are iterated over: UInt8[b, s, s, 3] on
    `device`.
    """

    split: PreparedSplit
    batch_size: int
    device: torch.device | str
    rows: np.ndarray | None = None

    def __iter__(self):
        for pictures in self.split.batches(self.batch_size, self.rows):
            yield torch.from_numpy(pictures).to(self.device, non_blocking=True)

    @property
    def labels(self) -> Tensor:
        labels = self.split.label if self.rows is None else self.split.label[np.sort(self.rows)]
        return torch.from_numpy(labels)


@lru_cache(maxsize=2)
def _permutation(n: int, seed: int, epoch: int) -> np.ndarray:
    return np.random.default_rng([seed, 0, epoch]).permutation(n)
