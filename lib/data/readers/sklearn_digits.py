"""The handwritten digits that scikit-learn ships (8 x 8, 1797 images; Alpaydin and Kaynak 1998)."""

from __future__ import annotations

import numpy as np
from PIL import Image

from lib.data.raw_task import RawSplit, RawTask
from lib.data.readers.options import check_whole_numbers
from lib.synthetic.digit_names import DIGIT_NAMES

_LEVELS = 16
_SIDE = 32


def read(*, test: int, seed: int) -> RawTask:
    """Real digits, white on black, enlarged to 32 x 32 RGB; `test` of the 1797 rows, chosen by the seed, are held out.

    Raises DataError unless 0 < test < 1797.
    """
    from sklearn.datasets import load_digits

    digits = load_digits()
    check_whole_numbers("sklearn_digits", {"test": test}, least=1, most=len(digits.target) - 1)
    check_whole_numbers("sklearn_digits", {"seed": seed}, least=0)
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
