"""Tasks whose pictures are drawn by code: `lib.drawn.world`."""

from __future__ import annotations

import numpy as np
from PIL import Image

from lib.drawn.world import PICTURES, draw_row
from lib.raw_task import RawSplit, RawTask


def read(picture: str, *, train: int, test: int, seed: int) -> RawTask:
    """The task of this name with `train` and `test` pictures, each SIDE x SIDE RGB, drawn when asked for.

    Row i of a split depends on (picture, split, seed, i) alone: more rows never change the first ones.
    Labels go round: row i is of class i modulo C. Raises ValueError for an unknown picture.
    """
    if picture not in PICTURES:
        raise ValueError(f"no drawn picture is called {picture!r}; known are {', '.join(sorted(PICTURES))}.")
    kind = PICTURES[picture]
    return RawTask(
        class_names=kind.class_names,
        templates=kind.templates,
        train=_split(picture, "train", seed, train),
        test=_split(picture, "test", seed, test),
        origin={"source": "drawn", "picture": picture, "seed": seed},
    )


def _split(picture: str, split: str, seed: int, n: int) -> RawSplit:
    labels = np.arange(n, dtype=np.int64) % len(PICTURES[picture].classes)
    return RawSplit(labels, lambda row: Image.fromarray(draw_row(picture, split, seed, row)[0]))
