"""Colours with names, and colours near them."""

from __future__ import annotations

import numpy as np

RGB = tuple[int, int, int]

NAMED: dict[str, RGB] = {
    "red": (215, 40, 40),
    "orange": (240, 140, 30),
    "yellow": (240, 220, 50),
    "green": (50, 160, 60),
    "blue": (45, 90, 210),
    "purple": (130, 60, 170),
    "pink": (240, 140, 180),
    "brown": (130, 85, 50),
    "black": (25, 25, 25),
    "white": (245, 245, 245),
    "gray": (135, 135, 135),
}
COLOUR_NAMES = tuple(NAMED)
BLACK, WHITE, GRAY, DARK = (20, 20, 20), (245, 245, 245), (135, 135, 135), (60, 60, 65)


def near(rng: np.random.Generator, colour: RGB, spread: float = 18.0) -> RGB:
    """A colour at most spread levels from the given one in each channel."""
    r, g, b = rng.uniform(-spread, spread, 3)
    return _clip(colour[0] + r), _clip(colour[1] + g), _clip(colour[2] + b)


def mix(first: RGB, second: RGB, share: float) -> RGB:
    """(1 - share) first + share second."""
    return tuple(_clip((1 - share) * a + share * b) for a, b in zip(first, second, strict=True))


def contrasting(rng: np.random.Generator, colour: RGB, least: float = 150.0) -> RGB:
    """A random colour at an L1 distance of at least `least` levels from the given one (least <= 380)."""
    while True:
        other = tuple(int(v) for v in rng.integers(0, 256, 3))
        if sum(abs(a - b) for a, b in zip(colour, other, strict=True)) >= least:
            return other


def any_colour(rng: np.random.Generator) -> RGB:
    """A colour drawn uniformly."""
    r, g, b = rng.integers(0, 256, 3)
    return int(r), int(g), int(b)


def _clip(value: float) -> int:
    return min(255, max(0, int(value)))
