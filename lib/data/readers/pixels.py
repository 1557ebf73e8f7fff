"""Eight bits a channel from whatever an image file holds.

DEVIATES: 16-bit grey v becomes round(v / 257), where the papers' code would saturate it through Pillow; none of the
papers' data sets holds such images.
"""

from __future__ import annotations

import numpy as np
from PIL import Image

_WIDE_TIFF = {258: (16,), 262: 1, 339: (1,)}  # BitsPerSample, PhotometricInterpretation, SampleFormat
_WIDEST = 65535


def rgb(image: Image.Image) -> Image.Image:
    """The image as RGB: Pillow's own conversion, but 16-bit grey v becomes round(v / 257), which Pillow saturates.

    Transparency is dropped, colours below it are kept, as `convert("RGB")` does in the papers' code; of an animation or
    of several pages the first one is taken. Raises ValueError where grey values have no known range (32 bits, floats).
    """
    image.info.pop("transparency", None)  # of no effect on the pixels; Pillow would warn of some
    if image.mode.startswith(("I", "F")):
        return _from_wide(image)
    return image.convert("RGB")


def _from_wide(image: Image.Image) -> Image.Image:
    """Of modes I;16, I;16B, I and F. PNG and PPM hold 16 bits in whichever of these Pillow reads them."""
    tags = getattr(image, "tag_v2", {})
    odd = {tag: tags[tag] for tag, usual in _WIDE_TIFF.items() if tag in tags and tags[tag] != usual}
    if image.mode == "F" or odd or (image.mode == "I" and image.format not in ("PNG", "PPM")):
        raise ValueError(f"got grey values of mode {image.mode} {odd or ''}, expected 8 or 16 bits, 0 for black")
    values = np.asarray(image).astype(np.int64)
    if values.min() < 0 or values.max() > _WIDEST:
        raise ValueError(f"got grey values from {values.min()} to {values.max()}, expected 0 to {_WIDEST}")
    return Image.fromarray(((values + 128) // 257).astype(np.uint8)).convert("RGB")
