"""Training batches of stored texts: as those of images, but for the crop."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import torch
from torch import Tensor

from lib.data import training_batches
from lib.data.prepared import PreparedSplit


@dataclass(frozen=True)
class TrainingData(training_batches.TrainingData):
    """The fit split of texts as shuffled batches; image_size is of no concern to it."""

    def gather(self, step: int, parts: Sequence[slice], *, pin: bool = False) -> list[TokenBatch]:
        """The parts of a step's rows, read into host memory; pin: page-locked, as a GPU copies."""
        rows = self.rows(step)
        return [TokenBatch.of(self.split, rows[part], pin=pin) for part in parts]


@dataclass(frozen=True)
class TokenBatch:
    """A part of a step in host memory. tokens: UInt8[b, 1, l, 3]; labels: Int64[b]."""

    tokens: Tensor
    labels: Tensor

    @classmethod
    def of(cls, split: PreparedSplit, rows: np.ndarray, *, pin: bool) -> TokenBatch:
        """The given rows of a split."""
        tensors = map(torch.from_numpy, (split.images(rows), split.label[rows]))
        return cls(*(tensor.pin_memory() if pin else tensor for tensor in tensors))

    def cropped(self, device: torch.device | str, size: int) -> tuple[Tensor, Tensor]:
        """Tokens and labels on `device`: a text is taken whole, whatever `size` says."""
        return tuple(tensor.to(device, non_blocking=True) for tensor in (self.tokens, self.labels))
