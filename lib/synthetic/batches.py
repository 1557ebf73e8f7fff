"""Batches of captioned images for contrastive pre-training."""

from __future__ import annotations

import numpy as np
import torch
from torch import Tensor

from lib.synthetic.captioned import Captioned, caption

_SHIFT = 3


def augmented(images: np.ndarray, rng: np.random.Generator) -> Tensor:
    """Images moved by up to _SHIFT pixels, edges repeated, in other light, contrast and tint, with noise: UInt8."""
    n, side = images.shape[:2]
    padded = np.pad(images, ((0, 0), (_SHIFT, _SHIFT), (_SHIFT, _SHIFT), (0, 0)), mode="edge")
    top, left = rng.integers(0, 2 * _SHIFT + 1, (2, n, 1))
    rows, columns = (top + np.arange(side))[:, :, None], (left + np.arange(side))[:, None, :]
    moved = padded[np.arange(n)[:, None, None], rows, columns].astype(np.float32)
    mean = moved.mean(axis=(1, 2, 3), keepdims=True)
    contrast = rng.uniform(0.6, 1.1, (n, 1, 1, 1))
    light = rng.uniform(-20, 20, (n, 1, 1, 1)) + rng.uniform(-12, 12, (n, 1, 1, 3))
    noise = rng.uniform(0, 10, (n, 1, 1, 1)).astype(np.float32) * rng.standard_normal(moved.shape, dtype=np.float32)
    return torch.from_numpy(np.clip(mean + contrast * (moved - mean) + light + noise, 0, 255).astype(np.uint8))


def batch_of(captioned: Captioned, *, size: int, seed: int, step: int) -> tuple[Tensor, list[str], Tensor]:
    """The step's images, augmented, its distinct captions and which one each image has: of (seed, step) alone.

    One form of caption a batch, so that no two captions mean the same.
    """
    rng = np.random.default_rng([seed, 1, step])
    rows = rng.integers(len(captioned), size=size)
    form = int(rng.integers(3))
    drawn = zip(
        captioned.families[rows].tolist(),
        captioned.labels[rows].tolist(),
        captioned.colours[rows].tolist(),
        strict=True,
    )
    captions, target = np.unique([caption(*known, form) for known in drawn], return_inverse=True)
    return augmented(captioned.images[rows], rng), captions.tolist(), torch.from_numpy(target.astype(np.int64))
