"""Images of files, bytes and arrays, decoded one at a time; a broken one names where it lies."""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial
from io import BytesIO

import numpy as np
from PIL import Image, UnidentifiedImageError

from lib.data.raw_task import RawSplit
from lib.data.readers.errors import ImageError
from lib.data.readers.formats import FORMATS, check_size
from lib.data.readers.pixels import rgb
from lib.data.readers.regular_files import regular


def decode(source: str | BytesIO, name: str) -> Image.Image:
    """The RGB image of a file or of bytes. Raises ImageError with `name` if it cannot be decoded or is too large."""
    try:
        with Image.open(regular(source) if isinstance(source, str) else source, formats=FORMATS) as image:
            check_size(*image.size)
            return rgb(image)
    except UnidentifiedImageError as error:
        raise ImageError(f"cannot decode {name}: got none of the formats {', '.join(FORMATS)}") from error
    except Exception as error:  # Pillow raises whatever the broken bytes lead it to
        raise ImageError(f"cannot decode {name}: {error or type(error).__name__}") from error


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
