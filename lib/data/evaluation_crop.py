"""CLIP's evaluation transform, one image at a time, by Pillow: equal to open_clip's to the bit."""

from __future__ import annotations

from PIL import Image


def evaluation_crop(image: Image.Image, size: int) -> Image.Image:
    """Resize the shorter side to `size` (bicubic), then crop the centre to `size` x `size`."""
    width, height = image.size
    if width <= height:
        width, height = size, int(size * height / width)
    else:
        width, height = int(size * width / height), size
    resized = image.resize((width, height), Image.Resampling.BICUBIC)
    left, top = round((width - size) / 2), round((height - size) / 2)
    return resized.crop((left, top, left + size, top + size))
