"""Patches of land as a satellite sees them."""

from __future__ import annotations

import math
from itertools import pairwise

import numpy as np

from lib.synthetic.aerial import ground
from lib.synthetic.canvas import LARGE, Canvas, Draw
from lib.synthetic.fields import cloudy
from lib.synthetic.palette import WHITE, near

_FIELDS = ((190, 170, 95), (120, 150, 70), (165, 125, 80), (210, 195, 130), (95, 130, 60))


def annual_crop(c: Canvas, rng: np.random.Generator) -> None:
    edges = [-0.5, *sorted(rng.uniform(0.15, 0.85, 3).tolist()), 1.5]
    for left, right in pairwise(edges):
        colour = near(rng, _FIELDS[rng.integers(len(_FIELDS))], 12)
        c.box(left, -0.5, right, 1.5, colour)
    y = rng.uniform(0.3, 0.7)
    c.box(edges[1], y, edges[3], 1.5, near(rng, _FIELDS[rng.integers(len(_FIELDS))], 12))


def forest(c: Canvas, rng: np.random.Generator) -> None:
    ground(c, rng, (30, 65, 35), 14, 0.4)
    for x, y, r in rng.uniform((-0.1, -0.1, 0.04), (1.1, 1.1, 0.09), (34, 3)).tolist():
        c.disc(x, y, r, near(rng, (40, 90, 45), 14))


def herbaceous_vegetation(c: Canvas, rng: np.random.Generator) -> None:
    c.wash(cloudy(rng, 12, LARGE), near(rng, (150, 150, 85)), near(rng, (85, 95, 55)))


def highway(c: Canvas, rng: np.random.Generator) -> None:
    ground(c, rng, (120, 140, 85), 5)
    bend = rng.uniform(-0.25, 0.25)
    path = [(0.5 + bend * math.sin(2.5 * y), y) for y in np.linspace(-0.5, 1.5, 14).tolist()]
    c.line(path, 0.22, (165, 165, 168))
    c.line(path, 0.03, WHITE)


def industrial_buildings(c: Canvas, rng: np.random.Generator) -> None:
    ground(c, rng, (130, 128, 125), 6, 0.15)
    for x, y in ((0.04, 0.05), (0.54, 0.04), (0.05, 0.55), (0.55, 0.54)):
        width, height = rng.uniform(0.28, 0.42, 2)
        c.box(x + 0.04, y + 0.04, x + width + 0.04, y + height + 0.04, (60, 60, 62))
        c.box(x, y, x + width, y + height, near(rng, (215, 218, 225), 25))


def pasture(c: Canvas, rng: np.random.Generator) -> None:
    ground(c, rng, (120, 175, 85), 3, 0.12)
    x, y = rng.uniform(0.15, 0.85, 2)
    c.line(((x, -0.5), (x + 0.1, 1.5)), 0.025, (60, 100, 45))
    c.line(((-0.5, y), (1.5, y - 0.1)), 0.025, (60, 100, 45))


def permanent_crop(c: Canvas, rng: np.random.Generator) -> None:
    ground(c, rng, (185, 155, 110), 5, 0.15)
    colour = near(rng, (60, 105, 45), 14)
    for x in np.arange(-0.3, 1.3, 0.16).tolist():
        for y in np.arange(-0.3, 1.3, 0.16).tolist():
            c.disc(x, y, 0.055, colour)


def residential_buildings(c: Canvas, rng: np.random.Generator) -> None:
    ground(c, rng, (110, 135, 90), 8)
    for at in (0.33, 0.83):
        c.box(-0.5, at - 0.04, 1.5, at + 0.04, (170, 170, 170))
        for x in np.arange(-0.3, 1.3, 0.2).tolist():
            for y in (at - 0.24, at + 0.08):
                dx, dy = rng.uniform(-0.02, 0.02, 2)
                c.box(x + dx, y + dy, x + dx + 0.13, y + dy + 0.14, near(rng, (175, 85, 60), 28))


def river(c: Canvas, rng: np.random.Generator) -> None:
    ground(c, rng, (95, 130, 75), 6)
    phase, swing = rng.uniform(0, 6.28), rng.uniform(0.12, 0.2)
    path = [(0.5 + swing * math.sin(4.5 * y + phase), y) for y in np.linspace(-0.5, 1.5, 24).tolist()]
    c.line(path, 0.24, (185, 175, 140))
    c.line(path, 0.18, near(rng, (45, 95, 140), 14))


def sea(c: Canvas, rng: np.random.Generator) -> None:
    ground(c, rng, (30, 75, 130), 4, 0.15)
    for x, y in rng.uniform(-0.2, 1.0, (9, 2)).tolist():
        c.line(((x, y), (x + 0.14, y)), 0.015, (90, 135, 180))


LAND_USE: dict[str, Draw] = {
    "annual crop": annual_crop,
    "forest": forest,
    "herbaceous vegetation": herbaceous_vegetation,
    "highway": highway,
    "industrial buildings": industrial_buildings,
    "pasture": pasture,
    "permanent crop": permanent_crop,
    "residential buildings": residential_buildings,
    "river": river,
    "sea": sea,
}
