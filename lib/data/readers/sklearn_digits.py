"""The handwritten digits that scikit-learn ships (8 x 8, 1797 images; Alpaydin and Kaynak 1998)."""

from __future__ import annotations

import numpy as np
from PIL import Image

from lib.data.raw_task import RawSplit, RawTask
from lib.synthetic.digit_names import DIGIT_NAMES

_LEVELS = 16
_SIDE = 32


def read(*, test: int, seed: int) -> RawTask:
    """Real digits, white on black, enlarged to 32 x 32 RGB; `test` of the 1797 rows, chosen by the seed, are held out.

    Raises ValueError unless 0 < test < 1797.
    """
    from sklearn.datasets import load_digits

    digits = load_digits()
    if not 0 < test < len(digits.target):
        raise ValueError(
            f"test is {test}, expected 1 to {len(digits.target) - 1}: scikit-learn has {len(digits.target)} digits."
        )
    rows = np.random.default_rng(seed).permutation(len(digits.target))
    return RawTask(
        class_names=DIGIT_NAMES,
        templates=("the digit {}", "a photo of the digit {}"),
        train=_split(digits, np.sort(rows[test:])),
        test=_split(digits, np.sort(rows[:test])),
        origin={"source": "sklearn_digits", "seed": seed},
    )


def _split(digits, rows: np.ndarray) -> RawSplit:
    levels = np.minimum(digits.images[rows] * (256 / _LEVELS), 255).astype(np.uint8)
    return RawSplit(digits.target[rows].astype(np.int64), lambda row: _enlarged(levels[row]))


def _enlarged(levels: np.ndarray) -> Image.Image:
    inner = Image.fromarray(levels).resize((_SIDE - 4, _SIDE - 4), Image.Resampling.BICUBIC)
    framed = Image.new("L", (_SIDE, _SIDE))
    framed.paste(inner, (2, 2))
    return framed.convert("RGB")
