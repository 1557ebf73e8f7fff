"""A square image under construction: shapes in unit coordinates, drawn through a pose."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import lru_cache

import numpy as np
from PIL import Image, ImageDraw

from lib.synthetic.fonts import glyph

SIDE = 32
SUPERSAMPLING = 3
LARGE = SIDE * SUPERSAMPLING

RGB = tuple[int, int, int]
Points = Sequence[tuple[float, float]]


@dataclass(frozen=True)
class Pose:
    """Similarity transform about the centre (0.5, 0.5): angle in degrees, zoom, offset in sides, mirror."""

    angle: float = 0.0
    zoom: float = 1.0
    dx: float = 0.0
    dy: float = 0.0
    mirror: bool = False

    def matrix(self) -> tuple[float, float, float, float, float, float]:
        """The map of a unit point (x, y) to (a x + b y + c, d x + e y + f)."""
        cos, sin = self.zoom * math.cos(math.radians(self.angle)), self.zoom * math.sin(math.radians(self.angle))
        a, b, d, e = cos, -sin, sin, cos
        if self.mirror:
            a, d = -a, -d
        return a, b, 0.5 + self.dx - 0.5 * (a + b), d, e, 0.5 + self.dy - 0.5 * (d + e)


class Canvas:
    """Draws in [0, 1] x [0, 1] (origin top left, y down) at SUPERSAMPLING times the final side.

    ink is the main colour of the thing drawn, paper the background's; both RGB in [0, 255].
    """

    def __init__(self, ink: RGB, paper: RGB, pose: Pose = Pose()) -> None:
        self.ink, self.paper = ink, paper
        self._matrix = pose.matrix()
        self._zoom = pose.zoom
        self._image = Image.new("RGB", (LARGE, LARGE), paper)
        self._draw = ImageDraw.Draw(self._image)

    def polygon(self, points: Points, fill: RGB) -> None:
        """A filled polygon."""
        self._draw.polygon(self._pixels(points), fill=fill)

    def line(self, points: Points, width: float, fill: RGB) -> None:
        """An open polyline; width in sides."""
        pixels = max(1, round(width * LARGE * self._zoom))
        self._draw.line(self._pixels(points), fill=fill, width=pixels, joint="curve" if pixels > 2 else None)

    def box(self, x0: float, y0: float, x1: float, y1: float, fill: RGB) -> None:
        """A filled rectangle between two corners."""
        self.polygon(((x0, y0), (x1, y0), (x1, y1), (x0, y1)), fill)

    def disc(self, x: float, y: float, rx: float, fill: RGB, ry: float | None = None) -> None:
        """A filled ellipse with centre (x, y) and radii rx, ry (a circle without ry)."""
        ry = rx if ry is None else ry
        self.polygon([(x + rx * c, y + ry * s) for c, s in unit_circle()], fill)

    def ring(self, x: float, y: float, rx: float, width: float, fill: RGB, ry: float | None = None) -> None:
        """An ellipse's outline; width in sides."""
        ry = rx if ry is None else ry
        points = [(x + rx * c, y + ry * s) for c, s in unit_circle()]
        self.line([*points, points[0], points[1]], width, fill)

    def arc(self, x: float, y: float, r: float, start: float, stop: float, width: float, fill: RGB) -> None:
        """Part of a circle's outline from start to stop degrees (clockwise from the x axis)."""
        angles = np.radians(np.linspace(start, stop, 16))
        self.line([(x + r * math.cos(t), y + r * math.sin(t)) for t in angles], width, fill)

    def glyph(self, character: str, font: str, x: float, y: float, height: float, fill: RGB) -> None:
        """One character with its box centred at (x, y) and the given height in sides."""
        mask = glyph(character, font)
        a, b, c, d, e, f = self._matrix
        scale = mask.height / (height * LARGE)
        det = a * e - b * d
        ia, ib, id_, ie = e / det * scale, -b / det * scale, -d / det * scale, a / det * scale
        cx, cy = (a * x + b * y + c) * LARGE, (d * x + e * y + f) * LARGE
        inverse = (ia, ib, mask.width / 2 - ia * cx - ib * cy, id_, ie, mask.height / 2 - id_ * cx - ie * cy)
        placed = mask.transform((LARGE, LARGE), Image.Transform.AFFINE, inverse, Image.Resampling.BILINEAR)
        self._image.paste(fill, mask=placed)

    def wash(self, share: np.ndarray, low: RGB, high: RGB) -> None:
        """Covers the image with (1 - share) low + share high, share Float[LARGE, LARGE] in [0, 1]."""
        mask = Image.fromarray((share * 255).astype(np.uint8))
        self._image.paste(low, (0, 0, LARGE, LARGE))
        self._image.paste(high, mask=mask)

    def coordinates(self) -> tuple[np.ndarray, np.ndarray]:
        """Unit coordinates (x, y) of every pixel, each Float32[LARGE, LARGE]: the inverse of the pose."""
        a, b, c, d, e, f = self._matrix
        det = a * e - b * d
        v, u = np.mgrid[0:LARGE, 0:LARGE].astype(np.float32) / LARGE
        u, v = u - c, v - f
        return (e * u - b * v) / det, (a * v - d * u) / det

    def image(self) -> Image.Image:
        """The finished image, SIDE x SIDE, RGB."""
        return self._image.reduce(SUPERSAMPLING)

    def _pixels(self, points: Points) -> list[tuple[float, float]]:
        a, b, c, d, e, f = (LARGE * m for m in self._matrix)
        return [(a * x + b * y + c, d * x + e * y + f) for x, y in points]


@lru_cache(maxsize=8)
def unit_circle(n: int = 24) -> tuple[tuple[float, float], ...]:
    """n points of the unit circle, in order."""
    return tuple((math.cos(2 * math.pi * k / n), math.sin(2 * math.pi * k / n)) for k in range(n))


Draw = Callable[[Canvas, np.random.Generator], None]
