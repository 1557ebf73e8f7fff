"""What every data source gives: labelled images that are decoded one at a time."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field

import numpy as np
from PIL import Image


@dataclass(frozen=True)
class RawSplit:
    """Rows of one split, as the source orders them.

    labels: Int64[n], each in [0, C). image: row index -> the decoded RGB image; raises an ImageError
    (an OSError) that names the row's file if it cannot be decoded.
    """

    labels: np.ndarray
    image: Callable[[int], Image.Image]

    def __len__(self) -> int:
        return len(self.labels)


@dataclass(frozen=True)
class RawTask:
    """One classification task as its source ships it.

    val is None where the source has no validation split of its own: it is then drawn from train by
    `lib.data.splits`. origin says where the rows came from (builtin values only: it goes into the
    manifest), deviations what differs from the papers' data, one sentence each.
    """

    class_names: tuple[str, ...]
    templates: tuple[str, ...]
    train: RawSplit
    test: RawSplit
    val: RawSplit | None = None
    origin: Mapping[str, object] = field(default_factory=dict)
    deviations: tuple[str, ...] = ()
