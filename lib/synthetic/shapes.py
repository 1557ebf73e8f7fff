"""Plain shapes in the canvas's ink."""

from __future__ import annotations

import math
from functools import partial

import numpy as np

from lib.synthetic.canvas import Canvas, Draw, Points


def regular(corners: int, radius: float, turn: float, centre: tuple[float, float] = (0.5, 0.5)) -> Points:
    """Corners of a regular polygon; turn in degrees from the x axis."""
    angles = [math.radians(turn) + 2 * math.pi * k / corners for k in range(corners)]
    return [(centre[0] + radius * math.cos(t), centre[1] + radius * math.sin(t)) for t in angles]


def star(points: int, outer: float, inner: float, centre: tuple[float, float] = (0.5, 0.5)) -> Points:
    """Corners of a star that stands on two of its points (for five)."""
    angles = [-math.pi / 2 + math.pi * k / points for k in range(2 * points)]
    radii = [inner if k % 2 else outer for k in range(2 * points)]
    return [(centre[0] + r * math.cos(t), centre[1] + r * math.sin(t)) for r, t in zip(radii, angles, strict=True)]


def heart() -> Points:
    """The outline of a heart."""
    t = np.linspace(0, 2 * math.pi, 30)
    x = 16 * np.sin(t) ** 3
    y = 13 * np.cos(t) - 5 * np.cos(2 * t) - 2 * np.cos(3 * t) - np.cos(4 * t)
    return list(zip((0.5 + x / 40).tolist(), (0.47 - y / 40).tolist(), strict=True))


def _outline(c: Canvas, rng: np.random.Generator, points: Points) -> None:
    c.polygon(points, c.ink)


def _circle(c: Canvas, rng: np.random.Generator) -> None:
    c.disc(0.5, 0.5, 0.42, c.ink)


def _ring(c: Canvas, rng: np.random.Generator) -> None:
    c.disc(0.5, 0.5, 0.44, c.ink)
    c.disc(0.5, 0.5, 0.27, c.paper)


def _ellipse(c: Canvas, rng: np.random.Generator) -> None:
    c.disc(0.5, 0.5, 0.45, c.ink, 0.24)


def _crescent(c: Canvas, rng: np.random.Generator) -> None:
    c.disc(0.46, 0.5, 0.42, c.ink)
    c.disc(0.62, 0.44, 0.36, c.paper)


_CROSS = (
    (0.36, 0.08), (0.64, 0.08), (0.64, 0.36), (0.92, 0.36), (0.92, 0.64), (0.64, 0.64),
    (0.64, 0.92), (0.36, 0.92), (0.36, 0.64), (0.08, 0.64), (0.08, 0.36), (0.36, 0.36),
)  # fmt: skip
_ARROW = ((0.06, 0.38), (0.52, 0.38), (0.52, 0.16), (0.95, 0.5), (0.52, 0.84), (0.52, 0.62), (0.06, 0.62))
_BOLT = ((0.55, 0.04), (0.22, 0.56), (0.46, 0.56), (0.36, 0.96), (0.78, 0.38), (0.54, 0.38), (0.66, 0.04))

SHAPES: dict[str, Draw] = {
    "circle": _circle,
    "ring": _ring,
    "ellipse": _ellipse,
    "crescent": _crescent,
    "triangle": partial(_outline, points=((0.5, 0.08), (0.94, 0.88), (0.06, 0.88))),
    "square": partial(_outline, points=((0.12, 0.12), (0.88, 0.12), (0.88, 0.88), (0.12, 0.88))),
    "rectangle": partial(_outline, points=((0.05, 0.29), (0.95, 0.29), (0.95, 0.71), (0.05, 0.71))),
    "diamond": partial(_outline, points=((0.5, 0.04), (0.84, 0.5), (0.5, 0.96), (0.16, 0.5))),
    "pentagon": partial(_outline, points=regular(5, 0.46, -90)),
    "hexagon": partial(_outline, points=regular(6, 0.46, 0)),
    "star": partial(_outline, points=star(5, 0.48, 0.20)),
    "heart": partial(_outline, points=heart()),
    "cross": partial(_outline, points=_CROSS),
    "arrow": partial(_outline, points=_ARROW),
    "lightning bolt": partial(_outline, points=_BOLT),
}
