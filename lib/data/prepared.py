"""Prepared splits: images decoded once into one memory-mapped array of bytes, with an index beside it."""

from __future__ import annotations

import os
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

FIELDS = ("offset", "height", "width", "label", "row")


class PreparedError(ValueError):
    """A prepared split that is absent, incomplete or does not fit its index."""


@dataclass(frozen=True)
class PreparedSplit:
    """One split on disk. bytes: UInt8[total], memory-mapped; index arrays Int64[n]."""

    bytes: np.ndarray
    offset: np.ndarray
    height: np.ndarray
    width: np.ndarray
    label: np.ndarray
    row: np.ndarray

    def __len__(self) -> int:
        return len(self.label)

    @property
    def uniform(self) -> bool:
        """True if all images have one size."""
        return len(set(self.height.tolist())) == 1 and len(set(self.width.tolist())) == 1

    def images(self, rows: Sequence[int] | np.ndarray) -> np.ndarray:
        """UInt8[b, h, w, 3]: the given images, each in the top left corner of a frame that holds the largest."""
        if self.uniform:
            return self._view()[np.asarray(rows)]
        frame = np.empty((len(rows), self.height[rows].max(), self.width[rows].max(), 3), np.uint8)
        for slot, row in enumerate(rows):
            h, w = self.height[row], self.width[row]
            frame[slot, :h, :w] = self._image(row)
            frame[slot, h:], frame[slot, :h, w:] = 0, 0  # each byte of the frame is written once
        return frame

    def _view(self) -> np.ndarray:
        return self.bytes.reshape(len(self), int(self.height[0]), int(self.width[0]), 3)

    def _image(self, row: int) -> np.ndarray:
        h, w, start = int(self.height[row]), int(self.width[row]), int(self.offset[row])
        return self.bytes[start : start + h * w * 3].reshape(h, w, 3)


def read(folder: str | os.PathLike, split: str) -> PreparedSplit:
    """Memory-map a stored split. Raises PreparedError if its files are absent or do not fit each other."""
    images, index = Path(folder) / f"{split}.images.bin", Path(folder) / f"{split}.index.npz"
    if not images.exists() or not index.exists():
        raise PreparedError(f"no prepared split {split!r} in {folder}: run the rule `prepare` for this task")
    with np.load(index) as arrays:
        fields = {name: arrays[name] for name in FIELDS}
    expected = int((fields["height"] * fields["width"] * 3).sum())
    if images.stat().st_size != expected:
        raise PreparedError(
            f"{images} has {images.stat().st_size} bytes, its index says {expected}: delete it and run `prepare`"
        )
    return PreparedSplit(np.memmap(images, np.uint8, "r"), **fields)
