"""k images of each class: the training data of few-shot fine-tuning."""

from __future__ import annotations

import numpy as np

from lib.data.prepared import PreparedSplit


class TooFewImages(ValueError):
    """A class with fewer images than shots."""


def few_shot_rows(labels: np.ndarray, shots: int, seed: int) -> np.ndarray:
    """Int64[C shots], ascending: `shots` rows of each class that occurs, the first of a permutation of (seed, class).

    Rows for k shots are among those for k + 1. labels: Int64[n]. Raises TooFewImages for a class with fewer rows.
    """
    chosen = []
    for label in np.unique(labels):
        rows = np.flatnonzero(labels == label)
        if len(rows) < shots:
            raise TooFewImages(
                f"class {label} has {len(rows)} images to fit, expected {shots} for as many shots: ask for fewer "
                "shots, or take more training images"
            )
        chosen.append(np.random.default_rng([seed, int(label)]).permutation(rows)[:shots])
    return np.sort(np.concatenate(chosen))


def subset(split: PreparedSplit, rows: np.ndarray) -> PreparedSplit:
    """The given rows of a split as a split of its own, whose images are copied into memory."""
    size = split.height[rows] * split.width[rows] * 3
    parts = [split.bytes[split.offset[row] : split.offset[row] + n] for row, n in zip(rows, size, strict=True)]
    return PreparedSplit(
        np.concatenate(parts),
        offset=np.cumsum(size) - size,
        height=split.height[rows],
        width=split.width[rows],
        label=split.label[rows],
        row=split.row[rows],
    )
