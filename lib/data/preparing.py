"""Writing prepared splits: images decoded once into one array of bytes, with an index beside it."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterable
from pathlib import Path

import numpy as np
from PIL import Image

from lib.data.prepared import FIELDS
from lib.data.raw_task import RawSplit
from lib.files import atomic
from lib.files.digests import file_digest


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
    digest, offset, index = hashlib.sha256(), 0, {name: [] for name in FIELDS}
    with atomic.whole(folder / f"{split}.images.bin") as temporary, open(temporary, "wb") as file:
        for row in progress(rows):
            pixels = np.asarray(crop(raw.image(int(row))), dtype=np.uint8)
            values = (offset, *pixels.shape[:2], int(raw.labels[row]), int(row))
            for name, value in zip(FIELDS, values, strict=True):
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


def index_label_digest(rows: np.ndarray, labels: np.ndarray) -> str:
    """sha256 over the (row, label) pairs as little-endian int64, in order."""
    pairs = np.stack([rows, labels], axis=1).astype("<i8")
    return hashlib.sha256(pairs.tobytes()).hexdigest()
