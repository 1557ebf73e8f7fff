"""How a thing is shown: pose, light and noise. Pre-training images are clean, those of the tasks are not."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from PIL import Image, ImageFilter

from lib.synthetic.canvas import SIDE, Pose

Range = tuple[float, float]


@dataclass(frozen=True)
class Style:
    """Ranges from which each image draws.

    turn: degrees, either way. zoom: factor. offset: largest offset in sides. mirror: chance of a
    mirror image. contrast: factor about the image's mean level. light: largest change of
    brightness, cast: of single channels, both in levels of 255. blur: radius in pixels. noise: standard
    deviation in levels. gray: chance of an image without colour. channels: which of red, green and blue (0, 1, 2)
    is shown as red, as green and as blue: false colours, the same in every image. lines: outlines alone, as a pen
    draws them on white paper.
    """

    turn: float = 0.0
    zoom: Range = (1.0, 1.0)
    offset: float = 0.0
    mirror: float = 0.0
    contrast: Range = (1.0, 1.0)
    light: float = 0.0
    cast: float = 0.0
    blur: Range = (0.0, 0.0)
    noise: Range = (0.0, 0.0)
    gray: float = 0.0
    channels: tuple[int, int, int] = (0, 1, 2)
    lines: bool = False

    def pose(self, rng: np.random.Generator) -> Pose:
        """A random pose within the ranges."""
        turn, dx, dy = rng.uniform(-1, 1, 3) * (self.turn, self.offset, self.offset)
        return Pose(turn, rng.uniform(*self.zoom), dx, dy, rng.random() < self.mirror)

    def develop(self, rng: np.random.Generator, image: Image.Image) -> np.ndarray:
        """Blur, colour, contrast, light and noise: UInt8[SIDE, SIDE, 3]."""
        if self.blur[1] > 0:
            image = image.filter(ImageFilter.GaussianBlur(rng.uniform(*self.blur)))
        levels = np.asarray(image, dtype=np.float32)[:, :, list(self.channels)]
        if self.lines:
            levels = _drawn_in_lines(rng, levels)
        if rng.random() < self.gray:
            levels = np.repeat(levels.mean(axis=2, keepdims=True), 3, axis=2)
        mean = levels.mean()
        shift = rng.uniform(-1, 1) * self.light + rng.uniform(-1, 1, 3) * self.cast
        levels = mean + rng.uniform(*self.contrast) * (levels - mean) + shift.astype(np.float32)
        if self.noise[1] > 0:
            levels = levels + rng.uniform(*self.noise) * rng.standard_normal((SIDE, SIDE, 3), dtype=np.float32)
        return np.clip(levels, 0, 255).astype(np.uint8)


def _drawn_in_lines(rng: np.random.Generator, levels: np.ndarray) -> np.ndarray:
    """Dark lines on light paper where neighbouring pixels differ by 60 levels in a channel; fainter for less."""
    steps = [np.abs(np.diff(levels, axis=axis, append=levels.take([-1], axis))).max(2) for axis in (0, 1)]
    share = np.clip(np.maximum(*steps) / 60, 0, 1)[:, :, None]
    paper, ink = rng.uniform(215, 250), rng.uniform(10, 60)
    return np.repeat(paper + (ink - paper) * share, 3, axis=2).astype(np.float32)
