"""CLIP's training transform: the random resized crop, a batch at once.

The crop follows open_clip's training transform (area 0.9 to 1, aspect 3/4 to 4/3, bicubic, no flip). Bicubic
resizing is linear and separable, so a batch of crops of different sizes is two batched matrix products.

ASSUME: the crop of Pillow 9.4, which the released code pins, is the right one.

DEVIATES: Pillow 13 resizes the rows first where the height shrinks much more than the width; here the columns always
come first, as in earlier releases. A quarter to 40 % of the values of such boxes differ, by up to 3 levels of 255 in
images like photographs and up to 27 in noise and chequers, where the values between the two passes are clipped. In all
other boxes one value in 10,000 differs (one in 100 in chequers), by one level: Pillow rounds its weights to 22 bits,
here they are float32.
"""

from __future__ import annotations

import math

import numpy as np
import torch
from torch import Tensor

from lib.precision import exact_products

SCALE = (0.9, 1.0)
RATIO = (3 / 4, 4 / 3)
_TRIES = 10


def random_boxes(sizes: np.ndarray, generator: np.random.Generator) -> np.ndarray:
    """Crop boxes (top, left, height, width), Int64[b, 4], for images of `sizes` (height, width), Int64[b, 2].

    torchvision's RandomResizedCrop: the first of ten draws (area uniform in SCALE, aspect log-uniform in RATIO) that
    fits; else the largest centred box of an allowed aspect.
    """
    heights, widths = sizes[:, :1], sizes[:, 1:]
    area = heights * widths * generator.uniform(*SCALE, (len(sizes), _TRIES))
    ratio = np.exp(generator.uniform(math.log(RATIO[0]), math.log(RATIO[1]), area.shape))
    w, h = np.rint(np.sqrt(area * ratio)).astype(np.int64), np.rint(np.sqrt(area / ratio)).astype(np.int64)
    fits = (w > 0) & (h > 0) & (w <= widths) & (h <= heights)
    first, rows = fits.argmax(1), np.arange(len(sizes))
    h, w = h[rows, first], w[rows, first]
    top = np.floor(generator.random(len(sizes)) * (heights[:, 0] - h + 1)).astype(np.int64)
    left = np.floor(generator.random(len(sizes)) * (widths[:, 0] - w + 1)).astype(np.int64)
    boxes = np.stack([top, left, h, w], axis=1)
    for row in np.flatnonzero(~fits.any(1)):
        boxes[row] = _centred_box(*sizes[row])
    return boxes


def resized_crop(images: Tensor, boxes: Tensor, size: int) -> Tensor:
    """Crop each image to its box and resize to `size` x `size` with Pillow's bicubic filter.

    images: UInt8[b, h, w, 3], each in the top left corner of its frame; boxes: Int64[b, 4] (top, left,
    height, width). Result: UInt8[b, size, size, 3]. Runs where the images are.
    """
    b, h, w, channels = images.shape
    columns = _bicubic_weights(boxes[:, 1], boxes[:, 3], frame=w, size=size)
    rows = _bicubic_weights(boxes[:, 0], boxes[:, 2], frame=h, size=size)
    with exact_products(images.device.type):
        across = torch.einsum("bsw,bhwc->bhsc", columns, images.to(columns.dtype))
        across = across.add_(0.5).floor_().clamp_(0, 255)  # Pillow rounds between its two passes
        down = torch.bmm(rows, across.reshape(b, h, size * channels))
    return down.add_(0.5).floor_().clamp_(0, 255).to(torch.uint8).reshape(b, size, size, channels)


def _bicubic_weights(start: Tensor, length: Tensor, *, frame: int, size: int) -> Tensor:
    """Float32[b, size, frame]: output position i of each row as weights over the frame's positions (zero
    off the box).
    """
    start, length = start.double()[:, None, None], length.double()[:, None, None]
    scale = length / size
    stretch = scale.clamp(min=1.0)
    centre = (torch.arange(size, dtype=torch.float64, device=start.device)[None, :, None] + 0.5) * scale
    position = torch.arange(frame, dtype=torch.float64, device=start.device)[None, None, :] - start
    support = 2.0 * stretch
    first = (centre - support + 0.5).floor().clamp(min=0)
    last = torch.minimum((centre + support + 0.5).floor(), length)
    weights = _bicubic((position + 0.5 - centre) / stretch)
    weights = torch.where((position >= first) & (position < last), weights, 0.0)
    return (weights / weights.sum(-1, keepdim=True)).float()


def _bicubic(x: Tensor) -> Tensor:
    """Keys' cubic with a = -1/2, as in Pillow."""
    x = x.abs()
    near, far = (1.5 * x - 2.5) * x * x + 1, ((-0.5 * x + 2.5) * x - 4) * x + 2
    return torch.where(x < 1, near, torch.where(x < 2, far, 0.0))


def _centred_box(height: int, width: int) -> tuple[int, int, int, int]:
    if width / height < RATIO[0]:
        w, h = width, round(width / RATIO[0])
    elif width / height > RATIO[1]:
        w, h = round(height * RATIO[1]), height
    else:
        w, h = width, height
    return (height - h) // 2, (width - w) // 2, h, w
