"""The images of an evaluation split, in order."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
import torch
from torch import Tensor

from lib.data.prepared import PreparedError, PreparedSplit
from lib.data.read_ahead import read_ahead


@dataclass(frozen=True)
class EvaluationBatches:
    """The images of an evaluation split in order, UInt8[b, s, s, 3] on `device`, as often as they are iterated over."""

    split: PreparedSplit
    batch_size: int
    device: torch.device | str
    rows: np.ndarray | None = None

    def __iter__(self) -> Iterator[Tensor]:
        if not self.split.uniform:
            raise PreparedError("images of different sizes cannot be batched in order: is this the fit split?")
        rows = np.arange(len(self.split)) if self.rows is None else np.sort(self.rows)
        pin = torch.device(self.device).type == "cuda"

        def read(start: int) -> Tensor:
            images = torch.from_numpy(self.split.images(rows[start : start + self.batch_size]))
            return images.pin_memory() if pin else images

        for images in read_ahead(read, range(0, len(rows), self.batch_size)):
            yield images.to(self.device, non_blocking=True)

    @property
    def labels(self) -> Tensor:
        labels = self.split.label if self.rows is None else self.split.label[np.sort(self.rows)]
        return torch.from_numpy(labels)
