"""Everyday things, one in the middle of each image; the main part is drawn in the canvas's ink."""

from __future__ import annotations

import numpy as np

from lib.synthetic.canvas import Canvas, Draw
from lib.synthetic.palette import BLACK, DARK, GRAY, WHITE, mix
from lib.synthetic.shapes import star

_WOOD, _LEAF, _GOLD = (140, 95, 55), (60, 150, 60), (235, 190, 60)


def apple(c: Canvas, rng: np.random.Generator) -> None:
    c.disc(0.38, 0.58, 0.27, c.ink, 0.32)
    c.disc(0.62, 0.58, 0.27, c.ink, 0.32)
    c.line(((0.5, 0.34), (0.54, 0.12)), 0.05, _WOOD)
    c.disc(0.68, 0.18, 0.13, _LEAF, 0.06)


def umbrella(c: Canvas, rng: np.random.Generator) -> None:
    c.polygon([(0.5 + 0.46 * np.cos(t), 0.52 + 0.44 * np.sin(t)) for t in np.linspace(np.pi, 2 * np.pi, 16)], c.ink)
    c.line(((0.5, 0.5), (0.5, 0.86)), 0.045, DARK)
    c.arc(0.58, 0.86, 0.08, 0, 180, 0.045, DARK)


def mug(c: Canvas, rng: np.random.Generator) -> None:
    c.ring(0.70, 0.52, 0.17, 0.07, c.ink)
    c.box(0.16, 0.22, 0.68, 0.85, c.ink)
    c.disc(0.42, 0.22, 0.26, mix(c.ink, BLACK, 0.5), 0.07)


def book(c: Canvas, rng: np.random.Generator) -> None:
    c.polygon(((0.5, 0.28), (0.95, 0.18), (0.95, 0.78), (0.5, 0.88), (0.05, 0.78), (0.05, 0.18)), c.ink)
    for s in (-1, 1):
        c.polygon(((0.5, 0.27), (0.5 + s * 0.39, 0.19), (0.5 + s * 0.39, 0.70), (0.5, 0.80)), (250, 248, 235))
        for y in (0.36, 0.47, 0.58):
            c.line(((0.5 + s * 0.07, y), (0.5 + s * 0.33, y - 0.06)), 0.02, GRAY)


def key(c: Canvas, rng: np.random.Generator) -> None:
    c.ring(0.25, 0.5, 0.17, 0.09, c.ink)
    c.line(((0.42, 0.5), (0.95, 0.5)), 0.09, c.ink)
    c.box(0.72, 0.5, 0.79, 0.70, c.ink)
    c.box(0.87, 0.5, 0.94, 0.70, c.ink)


def clock(c: Canvas, rng: np.random.Generator) -> None:
    c.disc(0.5, 0.5, 0.45, c.ink)
    c.disc(0.5, 0.5, 0.36, WHITE)
    for reach, width in ((0.21, 0.06), (0.31, 0.04)):
        t = rng.uniform(0, 2 * np.pi)
        c.line(((0.5, 0.5), (0.5 + reach * np.cos(t), 0.5 + reach * np.sin(t))), width, BLACK)


def lamp(c: Canvas, rng: np.random.Generator) -> None:
    c.polygon(((0.34, 0.08), (0.66, 0.08), (0.86, 0.46), (0.14, 0.46)), c.ink)
    c.line(((0.5, 0.46), (0.5, 0.88)), 0.06, DARK)
    c.box(0.28, 0.86, 0.72, 0.94, DARK)


def chair(c: Canvas, rng: np.random.Generator) -> None:
    c.box(0.22, 0.06, 0.32, 0.95, c.ink)
    c.box(0.22, 0.50, 0.78, 0.61, c.ink)
    c.box(0.68, 0.55, 0.78, 0.95, c.ink)


def table(c: Canvas, rng: np.random.Generator) -> None:
    c.box(0.04, 0.34, 0.96, 0.46, c.ink)
    c.box(0.12, 0.40, 0.20, 0.88, c.ink)
    c.box(0.80, 0.40, 0.88, 0.88, c.ink)


def house(c: Canvas, rng: np.random.Generator) -> None:
    c.box(0.16, 0.44, 0.84, 0.92, c.ink)
    c.polygon(((0.06, 0.46), (0.5, 0.06), (0.94, 0.46)), mix(c.ink, BLACK, 0.45))
    c.box(0.42, 0.62, 0.58, 0.92, _WOOD)
    c.box(0.66, 0.55, 0.78, 0.68, (190, 225, 245))


def tree(c: Canvas, rng: np.random.Generator) -> None:
    c.box(0.44, 0.55, 0.56, 0.96, _WOOD)
    for x, y in ((0.32, 0.45), (0.68, 0.45), (0.5, 0.26), (0.5, 0.48)):
        c.disc(x, y, 0.22, c.ink)


def flower(c: Canvas, rng: np.random.Generator) -> None:
    c.line(((0.5, 0.4), (0.5, 0.97)), 0.05, _LEAF)
    c.disc(0.64, 0.76, 0.13, _LEAF, 0.06)
    for t in np.arange(6) * np.pi / 3:
        c.disc(0.5 + 0.19 * np.cos(t), 0.34 + 0.19 * np.sin(t), 0.13, c.ink)
    c.disc(0.5, 0.34, 0.11, _GOLD)


def fish(c: Canvas, rng: np.random.Generator) -> None:
    c.polygon(((0.66, 0.5), (0.97, 0.24), (0.97, 0.76)), c.ink)
    c.disc(0.42, 0.5, 0.37, c.ink, 0.24)
    c.disc(0.22, 0.44, 0.05, WHITE)
    c.disc(0.22, 0.44, 0.025, BLACK)


def butterfly(c: Canvas, rng: np.random.Generator) -> None:
    for s in (-1, 1):
        c.disc(0.5 + s * 0.25, 0.34, 0.22, c.ink, 0.24)
        c.disc(0.5 + s * 0.20, 0.70, 0.17, mix(c.ink, BLACK, 0.3))
        c.line(((0.5, 0.25), (0.5 + s * 0.12, 0.06)), 0.025, BLACK)
    c.disc(0.5, 0.52, 0.05, BLACK, 0.32)


def envelope(c: Canvas, rng: np.random.Generator) -> None:
    c.box(0.06, 0.22, 0.94, 0.80, c.ink)
    c.line(((0.06, 0.22), (0.5, 0.56), (0.94, 0.22)), 0.04, mix(c.ink, BLACK, 0.6))


def hammer(c: Canvas, rng: np.random.Generator) -> None:
    c.box(0.44, 0.25, 0.56, 0.96, _WOOD)
    c.polygon(((0.14, 0.10), (0.74, 0.10), (0.90, 0.22), (0.74, 0.32), (0.14, 0.32)), c.ink)


def bottle(c: Canvas, rng: np.random.Generator) -> None:
    c.polygon(
        (
            (0.43, 0.12),
            (0.57, 0.12),
            (0.57, 0.36),
            (0.70, 0.48),
            (0.70, 0.96),
            (0.30, 0.96),
            (0.30, 0.48),
            (0.43, 0.36),
        ),
        c.ink,
    )
    c.box(0.42, 0.04, 0.58, 0.13, _WOOD)
    c.box(0.30, 0.58, 0.70, 0.80, (245, 240, 220))


def hat(c: Canvas, rng: np.random.Generator) -> None:
    c.disc(0.5, 0.72, 0.47, c.ink, 0.12)
    c.polygon(((0.26, 0.72), (0.30, 0.24), (0.70, 0.24), (0.74, 0.72)), c.ink)
    c.box(0.26, 0.56, 0.74, 0.66, mix(c.ink, BLACK, 0.6))


def candle(c: Canvas, rng: np.random.Generator) -> None:
    c.box(0.37, 0.38, 0.63, 0.94, c.ink)
    c.disc(0.5, 0.21, 0.09, (245, 150, 40), 0.15)
    c.disc(0.5, 0.25, 0.045, (255, 235, 120), 0.08)
    c.box(0.2, 0.90, 0.8, 0.97, DARK)


def glasses(c: Canvas, rng: np.random.Generator) -> None:
    for x in (0.27, 0.73):
        c.disc(x, 0.54, 0.20, c.ink)
        c.disc(x, 0.54, 0.13, (215, 235, 245))
    c.line(((0.42, 0.48), (0.58, 0.48)), 0.06, c.ink)
    for s in (-1, 1):
        c.line(((0.5 + s * 0.42, 0.50), (0.5 + s * 0.47, 0.30)), 0.06, c.ink)


def mushroom(c: Canvas, rng: np.random.Generator) -> None:
    c.box(0.40, 0.45, 0.60, 0.92, (240, 230, 210))
    c.polygon([(0.5 + 0.45 * np.cos(t), 0.54 + 0.44 * np.sin(t)) for t in np.linspace(np.pi, 2 * np.pi, 16)], c.ink)
    for x, y in ((0.32, 0.40), (0.54, 0.27), (0.70, 0.43)):
        c.disc(x, y, 0.06, WHITE)


def ladder(c: Canvas, rng: np.random.Generator) -> None:
    for x in (0.28, 0.66):
        c.box(x, 0.04, x + 0.07, 0.97, c.ink)
    for y in (0.14, 0.33, 0.52, 0.71, 0.88):
        c.box(0.28, y, 0.73, y + 0.06, c.ink)


def balloon(c: Canvas, rng: np.random.Generator) -> None:
    c.line(((0.5, 0.66), (0.45, 0.80), (0.54, 0.97)), 0.025, DARK)
    c.disc(0.5, 0.36, 0.28, c.ink, 0.33)
    c.disc(0.40, 0.25, 0.06, mix(c.ink, WHITE, 0.7), 0.09)


def sailing_boat(c: Canvas, rng: np.random.Generator) -> None:
    c.polygon(((0.06, 0.70), (0.94, 0.70), (0.78, 0.92), (0.22, 0.92)), _WOOD)
    c.polygon(((0.52, 0.06), (0.90, 0.64), (0.52, 0.64)), c.ink)
    c.polygon(((0.46, 0.16), (0.46, 0.64), (0.14, 0.64)), mix(c.ink, WHITE, 0.5))


def crown(c: Canvas, rng: np.random.Generator) -> None:
    c.polygon(((0.08, 0.22), (0.29, 0.50), (0.5, 0.12), (0.71, 0.50), (0.92, 0.22), (0.86, 0.84), (0.14, 0.84)), c.ink)
    c.box(0.14, 0.74, 0.86, 0.84, mix(c.ink, BLACK, 0.4))


def snowman(c: Canvas, rng: np.random.Generator) -> None:
    body = mix(WHITE, c.ink, 0.12)
    c.disc(0.5, 0.72, 0.25, body)
    c.disc(0.5, 0.37, 0.17, body)
    c.box(0.34, 0.16, 0.66, 0.22, c.ink)
    c.box(0.40, 0.02, 0.60, 0.18, c.ink)
    for x, y in ((0.44, 0.35), (0.56, 0.35), (0.5, 0.62), (0.5, 0.76)):
        c.disc(x, y, 0.03, BLACK)


def sun(c: Canvas, rng: np.random.Generator) -> None:
    c.polygon(star(12, 0.48, 0.34), c.ink)
    c.disc(0.5, 0.5, 0.26, mix(c.ink, WHITE, 0.45))


def cactus(c: Canvas, rng: np.random.Generator) -> None:
    c.box(0.42, 0.10, 0.58, 0.80, c.ink)
    c.line(((0.5, 0.60), (0.22, 0.60), (0.22, 0.34)), 0.11, c.ink)
    c.line(((0.5, 0.50), (0.78, 0.50), (0.78, 0.24)), 0.11, c.ink)
    c.polygon(((0.26, 0.76), (0.74, 0.76), (0.66, 0.96), (0.34, 0.96)), (185, 95, 60))


# fmt: off
_THINGS = (
    apple, umbrella, mug, book, key, clock, lamp, chair, table, house, tree, flower, fish, butterfly, envelope,
    hammer, bottle, hat, candle, glasses, mushroom, ladder, balloon, sailing_boat, crown, snowman, sun, cactus,
)
# fmt: on
OBJECTS: dict[str, Draw] = {thing.__name__.replace("_", " "): thing for thing in _THINGS}
