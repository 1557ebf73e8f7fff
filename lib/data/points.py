"""Random images of a prepared split as the points of a kernel: cropped as in evaluation, whatever the split."""

from __future__ import annotations

import numpy as np
from PIL import Image

from lib.data.evaluation_crop import evaluation_crop
from lib.data.prepared import PreparedSplit


def drawn_rows(n: int, count: int, seed: int) -> np.ndarray:
    """Int64[min(count, n)], ascending: random rows of n, a function of the seed; fewer of them are among more."""
    return np.sort(np.random.default_rng(seed).permutation(n)[:count])


def rows_of_classes(labels: np.ndarray, classes: tuple[int, int], count: int, seed: int) -> np.ndarray:
    """Int64[count], ascending: random rows with one of these labels. Raises ValueError if there are fewer, or of one
    class alone.
    """
    known = np.flatnonzero(np.isin(labels, classes))
    rows = np.sort(known[np.random.default_rng(seed).permutation(len(known))[:count]])
    if len(rows) < count or len(np.unique(labels[rows])) < 2:
        raise ValueError(
            f"classes {classes[0]} and {classes[1]} have {len(known)} images, expected {count} of both: ask for fewer, "
            "or name other classes"
        )
    return rows


def signs(labels: np.ndarray, classes: tuple[int, int]) -> np.ndarray:
    """Int64[n]: 1 for the first of two classes, -1 for the second."""
    return np.where(labels == classes[0], 1, -1)


def centred(split: PreparedSplit, rows: np.ndarray, size: int) -> np.ndarray:
    """UInt8[b, size, size, 3]: resized and cropped in the centre, as images of val and test are when they are stored.

    Images of fit are stored before their random crop, in sizes of their own.
    """
    return np.stack([np.asarray(evaluation_crop(Image.fromarray(split.images([row])[0]), size)) for row in rows])
