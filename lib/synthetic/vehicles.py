"""Vehicles from the side: the body is drawn in the canvas's ink."""

from __future__ import annotations

import numpy as np

from lib.synthetic.canvas import Canvas, Draw, Points
from lib.synthetic.palette import BLACK, DARK, GRAY, WHITE, mix

_GLASS = (175, 215, 235)


def _wheels(c: Canvas, places: tuple[float, ...], radius: float = 0.085, y: float = 0.71) -> None:
    for x in places:
        c.disc(x, y, radius, BLACK)
        c.disc(x, y, radius * 0.45, GRAY)


def _car(c: Canvas, body: Points, windows: tuple[Points, ...], wheels: tuple[float, float] = (0.26, 0.75)) -> None:
    c.polygon(body, c.ink)
    for window in windows:
        c.polygon(window, _GLASS)
    _wheels(c, wheels)


def sedan(c: Canvas, rng: np.random.Generator) -> None:
    body = (
        (0.06, 0.70),
        (0.06, 0.55),
        (0.26, 0.52),
        (0.37, 0.37),
        (0.63, 0.37),
        (0.75, 0.52),
        (0.94, 0.54),
        (0.95, 0.70),
    )
    _car(
        c,
        body,
        (
            ((0.31, 0.51), (0.39, 0.41), (0.49, 0.41), (0.49, 0.51)),
            ((0.52, 0.51), (0.52, 0.41), (0.61, 0.41), (0.69, 0.51)),
        ),
    )


def hatchback(c: Canvas, rng: np.random.Generator) -> None:
    body = ((0.14, 0.70), (0.14, 0.55), (0.30, 0.50), (0.42, 0.33), (0.80, 0.33), (0.88, 0.50), (0.88, 0.70))
    _car(
        c,
        body,
        (
            ((0.36, 0.49), (0.45, 0.38), (0.57, 0.38), (0.57, 0.49)),
            ((0.60, 0.49), (0.60, 0.38), (0.76, 0.38), (0.80, 0.49)),
        ),
        (0.29, 0.74),
    )


def convertible(c: Canvas, rng: np.random.Generator) -> None:
    c.polygon(((0.05, 0.70), (0.05, 0.56), (0.36, 0.52), (0.70, 0.52), (0.94, 0.54), (0.95, 0.70)), c.ink)
    c.line(((0.38, 0.52), (0.46, 0.38)), 0.03, DARK)
    c.disc(0.58, 0.47, 0.05, DARK)
    c.box(0.55, 0.49, 0.68, 0.56, mix(c.ink, BLACK, 0.5))
    _wheels(c, (0.25, 0.76))


def sports_car(c: Canvas, rng: np.random.Generator) -> None:
    body = (
        (0.03, 0.70),
        (0.03, 0.63),
        (0.30, 0.55),
        (0.45, 0.45),
        (0.60, 0.45),
        (0.82, 0.55),
        (0.95, 0.55),
        (0.95, 0.70),
    )
    _car(c, body, (((0.38, 0.55), (0.47, 0.48), (0.59, 0.48), (0.68, 0.55)),), (0.23, 0.77))
    c.line(((0.84, 0.48), (0.98, 0.48)), 0.035, c.ink)
    c.line(((0.91, 0.48), (0.91, 0.57)), 0.03, c.ink)


def jeep(c: Canvas, rng: np.random.Generator) -> None:
    c.polygon(((0.10, 0.68), (0.10, 0.47), (0.32, 0.46), (0.32, 0.24), (0.86, 0.24), (0.86, 0.68)), c.ink)
    c.box(0.36, 0.29, 0.54, 0.45, _GLASS)
    c.box(0.59, 0.29, 0.81, 0.45, _GLASS)
    c.disc(0.90, 0.50, 0.07, BLACK, 0.11)
    _wheels(c, (0.27, 0.71), 0.115)


def pickup(c: Canvas, rng: np.random.Generator) -> None:
    c.polygon(((0.04, 0.68), (0.04, 0.53), (0.20, 0.50), (0.27, 0.34), (0.49, 0.34), (0.49, 0.68)), c.ink)
    c.polygon(((0.49, 0.68), (0.49, 0.52), (0.96, 0.52), (0.96, 0.68)), c.ink)
    c.polygon(((0.25, 0.50), (0.30, 0.38), (0.45, 0.38), (0.45, 0.50)), _GLASS)
    c.line(((0.49, 0.52), (0.96, 0.52)), 0.025, mix(c.ink, BLACK, 0.5))
    _wheels(c, (0.22, 0.78), 0.095)


def van(c: Canvas, rng: np.random.Generator) -> None:
    c.polygon(((0.08, 0.70), (0.08, 0.52), (0.17, 0.28), (0.92, 0.26), (0.92, 0.70)), c.ink)
    c.polygon(((0.13, 0.48), (0.20, 0.33), (0.34, 0.33), (0.34, 0.48)), _GLASS)
    c.line(((0.40, 0.30), (0.40, 0.66)), 0.015, mix(c.ink, BLACK, 0.4))
    _wheels(c, (0.25, 0.76))


def bus(c: Canvas, rng: np.random.Generator) -> None:
    c.box(0.03, 0.24, 0.97, 0.70, c.ink)
    for x in (0.07, 0.22, 0.37, 0.52, 0.67, 0.82):
        c.box(x, 0.31, x + 0.11, 0.47, _GLASS)
    c.box(0.03, 0.55, 0.97, 0.59, mix(c.ink, WHITE, 0.6))
    _wheels(c, (0.22, 0.78), 0.075)


def lorry(c: Canvas, rng: np.random.Generator) -> None:
    c.box(0.32, 0.20, 0.97, 0.63, mix(c.ink, WHITE, 0.55))
    c.polygon(((0.04, 0.68), (0.04, 0.48), (0.10, 0.33), (0.28, 0.33), (0.28, 0.68)), c.ink)
    c.polygon(((0.08, 0.48), (0.12, 0.37), (0.22, 0.37), (0.22, 0.48)), _GLASS)
    c.box(0.28, 0.63, 0.97, 0.67, BLACK)
    _wheels(c, (0.16, 0.62, 0.82), 0.08)


def tractor(c: Canvas, rng: np.random.Generator) -> None:
    c.box(0.12, 0.45, 0.55, 0.62, c.ink)
    c.line(((0.50, 0.20), (0.86, 0.20)), 0.04, c.ink)
    c.line(((0.52, 0.45), (0.52, 0.20)), 0.025, DARK)
    c.line(((0.82, 0.45), (0.82, 0.20)), 0.025, DARK)
    c.line(((0.24, 0.45), (0.24, 0.26)), 0.035, DARK)
    c.box(0.50, 0.42, 0.84, 0.60, c.ink)
    _wheels(c, (0.70,), 0.20, 0.60)
    _wheels(c, (0.22,), 0.10, 0.70)


def motorcycle(c: Canvas, rng: np.random.Generator) -> None:
    for x in (0.22, 0.78):
        c.ring(x, 0.66, 0.13, 0.05, BLACK)
    c.polygon(((0.32, 0.48), (0.52, 0.40), (0.86, 0.42), (0.66, 0.54), (0.60, 0.68), (0.42, 0.68)), c.ink)
    c.line(((0.22, 0.66), (0.34, 0.32), (0.26, 0.30)), 0.035, DARK)
    c.line(((0.55, 0.66), (0.90, 0.64)), 0.03, GRAY)


def bicycle(c: Canvas, rng: np.random.Generator) -> None:
    for x in (0.22, 0.78):
        c.ring(x, 0.62, 0.17, 0.025, BLACK)
    c.line(((0.22, 0.62), (0.35, 0.36), (0.65, 0.36), (0.48, 0.62), (0.35, 0.36)), 0.035, c.ink)
    c.line(((0.48, 0.62), (0.78, 0.62), (0.65, 0.36)), 0.035, c.ink)
    c.line(((0.35, 0.36), (0.32, 0.27), (0.24, 0.27)), 0.03, DARK)
    c.line(((0.60, 0.30), (0.72, 0.30)), 0.035, BLACK)


VEHICLES: dict[str, Draw] = {
    "sedan": sedan,
    "hatchback": hatchback,
    "convertible": convertible,
    "sports car": sports_car,
    "jeep": jeep,
    "pickup truck": pickup,
    "van": van,
    "bus": bus,
    "lorry": lorry,
    "tractor": tractor,
    "motorcycle": motorcycle,
    "bicycle": bicycle,
}
