"""Places, from the eye's height."""

from __future__ import annotations

import math

import numpy as np

from lib.synthetic.canvas import LARGE, RGB, Canvas, Draw
from lib.synthetic.palette import BLACK, WHITE, mix, near

_SKY, _GRASS, _BROWN = (130, 185, 235), (95, 155, 75), (120, 80, 50)


def _sky(c: Canvas, rng: np.random.Generator, top: RGB, bottom: RGB) -> None:
    share = np.repeat(np.linspace(0, 1, LARGE, dtype=np.float32)[:, None], LARGE, axis=1)
    c.wash(share, near(rng, top, 14), near(rng, bottom, 14))


def _ridge(c: Canvas, rng: np.random.Generator, base: float, height: float, colour: RGB, peaks: int = 7) -> None:
    xs = np.linspace(-0.2, 1.2, peaks).tolist()
    ys = (base - height * rng.uniform(0.2, 1.0, peaks)).tolist()
    c.polygon([(-0.5, 1.5), *zip(xs, ys, strict=True), (1.5, 1.5)], colour)


def beach(c: Canvas, rng: np.random.Generator) -> None:
    _sky(c, rng, _SKY, (205, 230, 250))
    c.box(-0.5, 0.42, 1.5, 1.5, near(rng, (45, 130, 190), 14))
    c.polygon(((-0.5, 0.75), (0.5, 0.64), (1.5, 0.60), (1.5, 1.5), (-0.5, 1.5)), WHITE)
    c.polygon(((-0.5, 0.80), (0.5, 0.69), (1.5, 0.65), (1.5, 1.5), (-0.5, 1.5)), near(rng, (232, 208, 155), 14))


def mountain(c: Canvas, rng: np.random.Generator) -> None:
    _sky(c, rng, _SKY, (205, 225, 245))
    rock = near(rng, (105, 105, 120), 14)
    for x, top, half in ((rng.uniform(0.6, 0.8), 0.3, 0.45), (rng.uniform(0.25, 0.45), 0.14, 0.5)):
        c.polygon(((x, top), (x + half, 0.9), (x - half, 0.9)), mix(rock, BLACK, 0.25 * (top > 0.2)))
        c.polygon(((x, top), (x + half * 0.3, top + 0.23), (x, top + 0.17), (x - half * 0.3, top + 0.23)), WHITE)
    c.box(-0.5, 0.82, 1.5, 1.5, near(rng, _GRASS))


def skyline(c: Canvas, rng: np.random.Generator) -> None:
    _sky(c, rng, (150, 180, 215), (220, 215, 215))
    for x in np.arange(-0.1, 1.1, 0.17).tolist():
        top, shade = rng.uniform(0.15, 0.6), near(rng, (90, 100, 125), 28)
        c.box(x, top, x + 0.15, 1.5, shade)
        for y in np.arange(top + 0.05, 0.95, 0.12).tolist():
            c.box(x + 0.03, y, x + 0.06, y + 0.05, (250, 235, 150))
            c.box(x + 0.09, y, x + 0.12, y + 0.05, (250, 235, 150))


def pine_forest(c: Canvas, rng: np.random.Generator) -> None:
    _sky(c, rng, (190, 210, 220), (150, 180, 150))
    for x in [*rng.uniform(0, 1, 5).tolist(), 0.2, 0.55, 0.85]:
        base, green = rng.uniform(0.85, 1.0), near(rng, (30, 85, 50), 14)
        c.box(x - 0.02, base - 0.1, x + 0.02, base + 0.05, _BROWN)
        for k in range(3):
            y, half = base - 0.08 - 0.2 * k, 0.15 - 0.035 * k
            c.polygon(((x - half, y), (x + half, y), (x, y - 0.32)), green)


def desert(c: Canvas, rng: np.random.Generator) -> None:
    _sky(c, rng, (120, 180, 230), (240, 225, 190))
    for k, colour in enumerate(((225, 180, 110), (210, 155, 85), (190, 130, 70))):
        y, phase = 0.5 + 0.15 * k, rng.uniform(0, 6.28)
        dune = [(x, y + 0.07 * math.sin(5 * x + phase)) for x in np.linspace(-0.5, 1.5, 20).tolist()]
        c.polygon([*dune, (1.5, 1.5), (-0.5, 1.5)], near(rng, colour, 10))


def sunset(c: Canvas, rng: np.random.Generator) -> None:
    _sky(c, rng, (110, 50, 110), (250, 150, 60))
    x = rng.uniform(0.3, 0.7)
    c.disc(x, 0.58, 0.17, (255, 225, 110))
    c.box(-0.5, 0.62, 1.5, 1.5, near(rng, (70, 40, 80), 12))
    for y in (0.68, 0.76, 0.85):
        c.box(x - 0.12, y, x + 0.12, y + 0.03, (250, 180, 90))


def starry_night(c: Canvas, rng: np.random.Generator) -> None:
    _sky(c, rng, (10, 12, 45), (35, 40, 90))
    for x, y in rng.uniform((0, 0), (1, 0.75), (24, 2)).tolist():
        c.disc(x, y, 0.018, WHITE)
    c.disc(rng.uniform(0.2, 0.8), 0.22, 0.10, (250, 245, 200))
    _ridge(c, rng, 0.95, 0.15, (8, 10, 20))


def waterfall(c: Canvas, rng: np.random.Generator) -> None:
    c.wash(np.zeros((LARGE, LARGE), np.float32), near(rng, (85, 80, 70)), WHITE)
    c.box(-0.5, -0.5, 1.5, 0.15, near(rng, _GRASS))
    x = rng.uniform(0.38, 0.62)
    c.polygon(((x - 0.13, 0.1), (x + 0.13, 0.1), (x + 0.18, 0.85), (x - 0.18, 0.85)), (225, 240, 250))
    for dx in (-0.07, 0.04):
        c.line(((x + dx, 0.12), (x + dx * 1.4, 0.8)), 0.025, (150, 190, 220))
    c.box(-0.5, 0.8, 1.5, 1.5, near(rng, (60, 130, 175), 12))
    c.disc(x, 0.82, 0.28, WHITE, 0.06)


def volcano(c: Canvas, rng: np.random.Generator) -> None:
    _sky(c, rng, (90, 60, 70), (215, 130, 90))
    x = rng.uniform(0.42, 0.58)
    for dx, y, r in ((0.0, 0.16, 0.13), (0.12, 0.08, 0.14), (-0.1, 0.05, 0.13)):
        c.disc(x + dx, y, r, (105, 100, 105))
    c.polygon(((x - 0.12, 0.33), (x + 0.12, 0.33), (x + 0.6, 1.1), (x - 0.6, 1.1)), (55, 45, 45))
    c.polygon(((x - 0.12, 0.33), (x + 0.12, 0.33), (x + 0.08, 0.7), (x + 0.01, 0.48), (x - 0.06, 0.85)), (240, 90, 25))


def country_road(c: Canvas, rng: np.random.Generator) -> None:
    _sky(c, rng, _SKY, (215, 235, 250))
    c.box(-0.5, 0.45, 1.5, 1.5, near(rng, _GRASS))
    x = rng.uniform(0.4, 0.6)
    c.polygon(((x - 0.03, 0.45), (x + 0.03, 0.45), (0.95, 1.1), (0.05, 1.1)), (95, 95, 100))
    for y0, y1, w in ((0.52, 0.6, 0.008), (0.68, 0.8, 0.018), (0.9, 1.1, 0.03)):
        c.polygon(((0.5 - w, y0), (0.5 + w, y0), (0.5 + 1.3 * w, y1), (0.5 - 1.3 * w, y1)), (245, 235, 130))


def corridor(c: Canvas, rng: np.random.Generator) -> None:
    wall = near(rng, (205, 195, 180))
    c.wash(np.zeros((LARGE, LARGE), np.float32), wall, WHITE)
    c.polygon(((-0.5, -0.5), (1.5, -0.5), (0.62, 0.38), (0.38, 0.38)), mix(wall, WHITE, 0.6))
    c.polygon(((-0.5, 1.5), (1.5, 1.5), (0.62, 0.62), (0.38, 0.62)), near(rng, (120, 90, 65)))
    c.box(0.38, 0.38, 0.62, 0.62, mix(wall, BLACK, 0.45))
    for s in (-1, 1):
        c.polygon(
            ((0.5 + s * 0.42, 0.22), (0.5 + s * 0.27, 0.32), (0.5 + s * 0.27, 0.77), (0.5 + s * 0.42, 0.92)),
            (110, 70, 45),
        )


def library(c: Canvas, rng: np.random.Generator) -> None:
    c.wash(np.zeros((LARGE, LARGE), np.float32), near(rng, (105, 70, 40), 12), WHITE)
    for y in (0.04, 0.37, 0.70):
        x = -0.1
        while x < 1.05:
            width = rng.uniform(0.05, 0.09)
            colour = tuple(rng.integers(50, 230, 3).tolist())
            c.box(x, y + rng.uniform(0, 0.07), x + width - 0.01, y + 0.27, colour)
            x += width


def staircase(c: Canvas, rng: np.random.Generator) -> None:
    wall = near(rng, (190, 185, 195))
    c.wash(np.zeros((LARGE, LARGE), np.float32), wall, WHITE)
    step = near(rng, (140, 100, 70))
    for k in range(6):
        y = 0.9 - 0.14 * k
        c.box(0.02 + 0.16 * k, y, 1.5, 1.5, mix(step, BLACK, 0.08 * k))
        c.box(0.02 + 0.16 * k, y, 1.5, y + 0.035, mix(step, WHITE, 0.55))
    c.line(((-0.02, 0.55), (0.85, -0.2)), 0.04, (70, 50, 40))


def village(c: Canvas, rng: np.random.Generator) -> None:
    _sky(c, rng, _SKY, (215, 230, 245))
    c.box(-0.5, 0.75, 1.5, 1.5, near(rng, _GRASS))
    for x in (0.04, 0.37, 0.70):
        top, wall = rng.uniform(0.42, 0.52), near(rng, (232, 218, 190), 20)
        c.box(x, top, x + 0.26, 0.85, wall)
        c.polygon(((x - 0.04, top), (x + 0.13, top - 0.2), (x + 0.30, top)), near(rng, (180, 65, 45), 20))
        c.box(x + 0.1, top + 0.2, x + 0.17, 0.85, _BROWN)


SCENES: dict[str, Draw] = {
    "beach": beach,
    "mountain": mountain,
    "city skyline": skyline,
    "pine forest": pine_forest,
    "desert": desert,
    "sunset": sunset,
    "starry night": starry_night,
    "waterfall": waterfall,
    "volcano": volcano,
    "country road": country_road,
    "corridor": corridor,
    "library": library,
    "staircase": staircase,
    "village": village,
}
