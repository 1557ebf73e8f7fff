"""A split of texts: a `RawSplit` whose rows are texts in the place of images."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from lib.data.raw_task import RawSplit


def text_rows(rows: Sequence[tuple[str, int]]) -> RawSplit:
    """The split of (text, label) pairs; its function `image` gives a row's text."""
    texts = [text for text, _ in rows]
    return RawSplit(np.array([label for _, label in rows], np.int64), texts.__getitem__)
