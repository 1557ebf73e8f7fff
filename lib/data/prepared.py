"""Prepared splits: images decoded once into one memory-mapped array of bytes, with an index beside it."""

from __future__ import annotations

import hashlib
import os
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from PIL import Image

from lib.data.raw_task import RawSplit
from lib.files import atomic
from lib.files.digests import file_digest

_FIELDS = ("offset", "height", "width", "label", "row")


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


def write(
    folder: Path,
    split: str,
    raw: RawSplit,
    rows: np.ndarray,
    *,
    crop: Callable[[Image.Image], Image.Image],
    progress: Callable[[Iterable], Iterable] = iter,
) -> dict[str, object]:
    """Decode the given rows, apply `crop` to each, and store them; returns the split's manifest entry.

    The entry holds n, the sha256 of (row, label), of the index and of the images, and the images' size in bytes.
    """
    digest, offset, index = hashlib.sha256(), 0, {name: [] for name in _FIELDS}
    with atomic.whole(folder / f"{split}.images.bin") as temporary, open(temporary, "wb") as file:
        for row in progress(rows):
            pixels = np.asarray(crop(raw.image(int(row))), dtype=np.uint8)
            values = (offset, *pixels.shape[:2], int(raw.labels[row]), int(row))
            for name, value in zip(_FIELDS, values, strict=True):
                index[name].append(value)
            data = pixels.tobytes()
            digest.update(data)
            file.write(data)
            offset += len(data)
    arrays = {name: np.array(values, np.int64) for name, values in index.items()}
    with atomic.whole(folder / f"{split}.index.npz") as temporary:
        np.savez(temporary, **arrays)
    return {
        "n": len(rows),
        "index_label_sha256": index_label_digest(arrays["row"], arrays["label"]),
        "index_sha256": file_digest(folder / f"{split}.index.npz"),
        "images_sha256": digest.hexdigest(),
        "bytes": offset,
    }


def read(folder: str | os.PathLike, split: str) -> PreparedSplit:
    """Memory-map a stored split. Raises PreparedError if its files are absent or do not fit each other."""
    images, index = Path(folder) / f"{split}.images.bin", Path(folder) / f"{split}.index.npz"
    if not images.exists() or not index.exists():
        raise PreparedError(f"no prepared split {split!r} in {folder}: run the rule `prepare` for this task")
    with np.load(index) as arrays:
        fields = {name: arrays[name] for name in _FIELDS}
    expected = int((fields["height"] * fields["width"] * 3).sum())
    if images.stat().st_size != expected:
        raise PreparedError(
            f"{images} has {images.stat().st_size} bytes, its index says {expected}: delete it and run `prepare`"
        )
    return PreparedSplit(np.memmap(images, np.uint8, "r"), **fields)


def index_label_digest(rows: np.ndarray, labels: np.ndarray) -> str:
    """sha256 over the (row, label) pairs as little-endian int64, in order."""
    pairs = np.stack([rows, labels], axis=1).astype("<i8")
    return hashlib.sha256(pairs.tobytes()).hexdigest()
