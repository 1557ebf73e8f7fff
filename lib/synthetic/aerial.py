"""Things seen from the air."""

from __future__ import annotations

import numpy as np

from lib.synthetic.canvas import LARGE, RGB, Canvas, Draw
from lib.synthetic.fields import cloudy
from lib.synthetic.palette import DARK, GRAY, WHITE, mix, near
from lib.synthetic.shapes import regular

_GRASS, _SEA, _ASPHALT, _SAND = (95, 140, 75), (40, 95, 150), (120, 120, 122), (210, 185, 140)
_CARS = ((200, 40, 40), (240, 240, 240), (40, 60, 160), (30, 30, 30), (220, 200, 60))


def ground(c: Canvas, rng: np.random.Generator, colour: RGB, cells: int = 6, strength: float = 0.25) -> RGB:
    """Covers the canvas with a mottled colour near the given one, and returns that colour."""
    base = near(rng, colour, 14)
    c.wash(cloudy(rng, cells, LARGE), base, mix(base, (0, 0, 0), strength))
    return base


def airplane(c: Canvas, rng: np.random.Generator) -> None:
    ground(c, rng, (150, 152, 150), 4, 0.1)
    body = near(rng, (238, 238, 242), 10)
    c.polygon(
        (
            (0.46, 0.42),
            (0.54, 0.42),
            (0.95, 0.62),
            (0.95, 0.70),
            (0.54, 0.58),
            (0.46, 0.58),
            (0.05, 0.70),
            (0.05, 0.62),
        ),
        body,
    )
    c.polygon(((0.47, 0.84), (0.53, 0.84), (0.70, 0.93), (0.70, 0.97), (0.30, 0.97), (0.30, 0.93)), body)
    c.disc(0.5, 0.5, 0.065, body, 0.46)


def bridge(c: Canvas, rng: np.random.Generator) -> None:
    ground(c, rng, _SEA, 8, 0.15)
    c.box(-0.5, -0.5, 1.5, 0.14, near(rng, _GRASS))
    c.box(-0.5, 0.86, 1.5, 1.5, near(rng, _GRASS))
    c.box(0.41, -0.5, 0.59, 1.5, (200, 195, 185))
    c.box(0.44, -0.5, 0.56, 1.5, DARK)
    c.line(((0.5, -0.5), (0.5, 1.5)), 0.02, WHITE)


def stadium(c: Canvas, rng: np.random.Generator) -> None:
    ground(c, rng, _ASPHALT, 5, 0.15)
    c.disc(0.5, 0.5, 0.47, (225, 225, 230), 0.38)
    c.disc(0.5, 0.5, 0.37, near(rng, (180, 80, 60)), 0.28)
    c.box(0.24, 0.34, 0.76, 0.66, (70, 160, 60))
    c.line(((0.5, 0.34), (0.5, 0.66)), 0.02, WHITE)


def storage_tanks(c: Canvas, rng: np.random.Generator) -> None:
    ground(c, rng, (165, 150, 125), 6, 0.15)
    for x, y in ((0.27, 0.27), (0.73, 0.27), (0.27, 0.73), (0.73, 0.73)):
        c.disc(x + 0.04, y + 0.04, 0.19, (70, 65, 60))
        c.disc(x, y, 0.19, near(rng, (235, 235, 235), 10))
        c.disc(x, y, 0.04, GRAY)


def parking_lot(c: Canvas, rng: np.random.Generator) -> None:
    ground(c, rng, _ASPHALT, 5, 0.1)
    for y in (0.06, 0.40, 0.74):
        for x in np.arange(-0.2, 1.2, 0.16):
            if rng.random() < 0.8:
                c.box(x, y, x + 0.11, y + 0.20, _CARS[rng.integers(len(_CARS))])


def tennis_court(c: Canvas, rng: np.random.Generator) -> None:
    ground(c, rng, (60, 120, 80), 4, 0.1)
    c.box(0.18, 0.06, 0.82, 0.94, near(rng, (50, 90, 170), 25))
    for points in (
        ((0.22, 0.1), (0.78, 0.1), (0.78, 0.9), (0.22, 0.9), (0.22, 0.1)),
        ((0.1, 0.5), (0.9, 0.5)),
        ((0.3, 0.1), (0.3, 0.9)),
        ((0.7, 0.1), (0.7, 0.9)),
        ((0.5, 0.3), (0.5, 0.7)),
    ):
        c.line(points, 0.025, WHITE)


def roundabout(c: Canvas, rng: np.random.Generator) -> None:
    ground(c, rng, _GRASS)
    c.box(0.42, -0.5, 0.58, 1.5, _ASPHALT)
    c.box(-0.5, 0.42, 1.5, 0.58, _ASPHALT)
    c.disc(0.5, 0.5, 0.32, _ASPHALT)
    c.disc(0.5, 0.5, 0.17, near(rng, (70, 150, 60)))


def intersection(c: Canvas, rng: np.random.Generator) -> None:
    ground(c, rng, (150, 140, 125))
    for x0, y0, x1, y1 in ((0.36, -0.5, 0.64, 1.5), (-0.5, 0.36, 1.5, 0.64)):
        c.box(x0, y0, x1, y1, (85, 85, 88))
    for a, b in ((-0.5, 0.33), (0.67, 1.5)):
        c.line(((0.5, a), (0.5, b)), 0.025, (240, 210, 60))
        c.line(((a, 0.5), (b, 0.5)), 0.025, (240, 210, 60))


def harbor(c: Canvas, rng: np.random.Generator) -> None:
    ground(c, rng, _SEA, 7, 0.15)
    c.box(-0.5, -0.5, 1.5, 0.16, (175, 170, 160))
    for x in (0.14, 0.5, 0.86):
        c.box(x - 0.03, 0.1, x + 0.03, 0.95, (175, 170, 160))
        for y in (0.28, 0.5, 0.72):
            for side in (-0.1, 0.1):
                c.disc(x + side, y, 0.055, near(rng, (240, 240, 240), 12), 0.085)


def baseball_diamond(c: Canvas, rng: np.random.Generator) -> None:
    ground(c, rng, (80, 150, 65), 5, 0.1)
    dirt = near(rng, (190, 135, 85))
    fan = [(0.5 + 0.75 * np.sin(t), 0.88 - 0.75 * np.cos(t)) for t in np.linspace(-np.pi / 4, np.pi / 4, 12)]
    c.polygon([(0.5, 0.9), *fan], dirt)
    c.polygon(((0.5, 0.82), (0.74, 0.58), (0.5, 0.34), (0.26, 0.58)), (80, 150, 65))
    c.disc(0.5, 0.58, 0.05, dirt)


def runway(c: Canvas, rng: np.random.Generator) -> None:
    ground(c, rng, (140, 150, 90))
    c.box(0.3, -0.5, 0.7, 1.5, (75, 75, 80))
    for y in np.arange(-0.5, 1.5, 0.24):
        c.box(0.47, y, 0.53, y + 0.14, WHITE)
    for x in (0.33, 0.665):
        c.box(x, -0.5, x + 0.015, 1.5, WHITE)


def railway(c: Canvas, rng: np.random.Generator) -> None:
    ground(c, rng, (150, 130, 105), 10, 0.2)
    for left in (0.10, 0.58):
        for y in np.arange(-0.4, 1.4, 0.11):
            c.box(left, y, left + 0.32, y + 0.05, (85, 60, 45))
        for x in (left + 0.05, left + 0.23):
            c.box(x, -0.5, x + 0.04, 1.5, (205, 205, 215))


def island(c: Canvas, rng: np.random.Generator) -> None:
    ground(c, rng, (30, 110, 165), 7, 0.15)
    radii = rng.uniform(0.26, 0.44, 9)
    corners = [regular(9, r, 0.0)[k] for k, r in enumerate(radii)]
    c.polygon(corners, _SAND)
    c.polygon([(0.5 + 0.75 * (x - 0.5), 0.5 + 0.75 * (y - 0.5)) for x, y in corners], near(rng, (55, 125, 55)))


def ship(c: Canvas, rng: np.random.Generator) -> None:
    ground(c, rng, (35, 80, 125), 9, 0.15)
    c.polygon(((0.40, 0.95), (0.60, 0.95), (0.72, 1.4), (0.28, 1.4)), (150, 185, 205))
    c.polygon(((0.5, 0.06), (0.64, 0.28), (0.63, 0.94), (0.37, 0.94), (0.36, 0.28)), near(rng, (170, 60, 50)))
    c.box(0.40, 0.70, 0.60, 0.88, WHITE)
    for y in (0.32, 0.48):
        c.box(0.42, y, 0.58, y + 0.10, (225, 190, 120))


AERIAL: dict[str, Draw] = {
    "airplane": airplane,
    "bridge": bridge,
    "stadium": stadium,
    "storage tanks": storage_tanks,
    "parking lot": parking_lot,
    "tennis court": tennis_court,
    "roundabout": roundabout,
    "intersection": intersection,
    "harbor": harbor,
    "baseball diamond": baseball_diamond,
    "runway": runway,
    "railway": railway,
    "island": island,
    "ship": ship,
}
