"""Tasks whose images are drawn by code: `lib.synthetic.world`."""

from __future__ import annotations

import numpy as np
from PIL import Image

from lib.data.raw_task import RawSplit, RawTask
from lib.data.readers.errors import DataError
from lib.data.readers.options import check_whole_numbers
from lib.synthetic.world import KINDS, draw_row


def read(kind: str, *, train: int, test: int, seed: int) -> RawTask:
    """The task of this name with `train` and `test` images, each SIDE x SIDE RGB, drawn when asked for.

    Row i of a split depends on (kind, split, seed, i) alone: more rows never change the first ones.
    Labels go round: row i is of class i modulo C. Raises DataError for an unknown kind.
    """
    if not isinstance(kind, str) or kind not in KINDS:
        raise DataError(
            "synthetic: kind",
            got=repr(kind),
            expected=f"one of {', '.join(sorted(KINDS))}",
            next_step="correct the name",
        )
    check_whole_numbers("synthetic", {"train": train, "test": test}, least=1)
    check_whole_numbers("synthetic", {"seed": seed}, least=0)
    known = KINDS[kind]
    return RawTask(
        class_names=known.class_names,
        templates=known.templates,
        train=_split(kind, "train", seed, train),
        test=_split(kind, "test", seed, test),
        origin={"source": "synthetic", "kind": kind, "seed": seed},
    )


def _split(kind: str, split: str, seed: int, n: int) -> RawSplit:
    labels = np.arange(n, dtype=np.int64) % len(KINDS[kind].classes)
    return RawSplit(labels, lambda row: Image.fromarray(draw_row(kind, split, seed, row)[0]))
