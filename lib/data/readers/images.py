"""Images of files, bytes and arrays, decoded one at a time; a broken one names where it lies."""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial
from io import BytesIO
from pathlib import Path

import numpy as np
from PIL import Image

from lib.data.raw_task import RawSplit
from lib.data.readers.errors import ImageError


def decode(source: str | Path | BytesIO, name: str) -> Image.Image:
    """The RGB image of a file or of bytes. Raises ImageError with `name` if it cannot be decoded."""
    try:
        with Image.open(source) as image:
            return image.convert("RGB")
    except (OSError, SyntaxError, ValueError, EOFError, Image.DecompressionBombError) as error:
        raise ImageError(f"cannot decode {name}: {error}") from error


def split_of_files(paths: Sequence[str], labels: Sequence[int] | np.ndarray) -> RawSplit:
    """A split whose rows are image files. paths: n of them; labels: Int64[n]."""
    return RawSplit(np.asarray(labels, np.int64), partial(_file, paths))


def split_of_arrays(images: np.ndarray, labels: np.ndarray) -> RawSplit:
    """A split whose rows are in memory: images UInt8[n, h, w] (grey) or UInt8[n, h, w, 3]."""
    return RawSplit(np.asarray(labels, np.int64), partial(_array, images))


def _file(paths: Sequence[str], row: int) -> Image.Image:
    return decode(paths[row], paths[row])


def _array(images: np.ndarray, row: int) -> Image.Image:
    return Image.fromarray(images[row]).convert("RGB")
