"""Road signs: a board of a shape and colour with a symbol."""

from __future__ import annotations

from functools import partial

import numpy as np

from lib.synthetic.canvas import RGB, Canvas, Draw, Points
from lib.synthetic.palette import BLACK, WHITE
from lib.synthetic.shapes import regular

_RED, _BLUE, _YELLOW = (205, 30, 35), (30, 80, 190), (245, 205, 40)
_FONT = "DejaVuSans-Bold"
_TRIANGLE: Points = ((0.5, 0.08), (0.96, 0.88), (0.04, 0.88))
_INNER: Points = ((0.5, 0.26), (0.81, 0.80), (0.19, 0.80))


def _post(c: Canvas) -> None:
    c.box(0.47, 0.8, 0.53, 1.4, (110, 110, 110))


def _speed(c: Canvas, rng: np.random.Generator, number: str) -> None:
    _post(c)
    c.disc(0.5, 0.5, 0.45, _RED)
    c.disc(0.5, 0.5, 0.34, WHITE)
    for character, x in zip(number, (0.36, 0.64), strict=True):
        c.glyph(character, _FONT, x, 0.5, 0.36, BLACK)


def _triangle(c: Canvas, rng: np.random.Generator, symbol: Draw) -> None:
    _post(c)
    c.polygon(_TRIANGLE, _RED)
    c.polygon(_INNER, WHITE)
    symbol(c, rng)


def _blue_disc(c: Canvas, rng: np.random.Generator, symbol: Draw) -> None:
    _post(c)
    c.disc(0.5, 0.5, 0.45, _BLUE)
    symbol(c, rng)


def _arrow(c: Canvas, rng: np.random.Generator, path: Points, tip: Points, fill: RGB = WHITE) -> None:
    c.line(path, 0.10, fill)
    c.polygon(tip, fill)


def _circling(c: Canvas, rng: np.random.Generator) -> None:
    for start in (0, 120, 240):
        c.arc(0.5, 0.5, 0.24, start, start + 80, 0.09, WHITE)


def _exclamation(c: Canvas, rng: np.random.Generator) -> None:
    c.polygon(((0.45, 0.38), (0.55, 0.38), (0.53, 0.64), (0.47, 0.64)), BLACK)
    c.disc(0.5, 0.72, 0.045, BLACK)


def _crossing(c: Canvas, rng: np.random.Generator) -> None:
    c.line(((0.38, 0.42), (0.62, 0.76)), 0.09, BLACK)
    c.line(((0.62, 0.42), (0.38, 0.76)), 0.09, BLACK)


def _bump(c: Canvas, rng: np.random.Generator) -> None:
    c.disc(0.42, 0.72, 0.09, BLACK)
    c.disc(0.58, 0.72, 0.09, BLACK)
    c.box(0.28, 0.72, 0.72, 0.77, BLACK)


def _stop(c: Canvas, rng: np.random.Generator) -> None:
    _post(c)
    c.polygon(regular(8, 0.48, 22.5), WHITE)
    c.polygon(regular(8, 0.44, 22.5), _RED)
    for character, x in zip("STOP", (0.21, 0.40, 0.60, 0.79), strict=True):
        c.glyph(character, _FONT, x, 0.5, 0.24, WHITE)


def _yield(c: Canvas, rng: np.random.Generator) -> None:
    _post(c)
    c.polygon([(x, 1 - y) for x, y in _TRIANGLE], _RED)
    c.polygon([(x, 1 - y) for x, y in _INNER], WHITE)


def _no_entry(c: Canvas, rng: np.random.Generator) -> None:
    _post(c)
    c.disc(0.5, 0.5, 0.45, _RED)
    c.box(0.2, 0.42, 0.8, 0.58, WHITE)


def _priority(c: Canvas, rng: np.random.Generator) -> None:
    _post(c)
    c.polygon(regular(4, 0.48, 0.0), WHITE)
    c.polygon(regular(4, 0.38, 0.0), _YELLOW)


def _parking(c: Canvas, rng: np.random.Generator) -> None:
    _post(c)
    c.box(0.1, 0.1, 0.9, 0.9, _BLUE)
    c.glyph("P", _FONT, 0.5, 0.5, 0.55, WHITE)


def _pedestrian(c: Canvas, rng: np.random.Generator) -> None:
    _post(c)
    c.box(0.1, 0.1, 0.9, 0.9, _BLUE)
    c.polygon(((0.5, 0.18), (0.83, 0.82), (0.17, 0.82)), WHITE)
    c.disc(0.5, 0.42, 0.055, BLACK)
    c.line(((0.5, 0.45), (0.5, 0.60), (0.42, 0.77)), 0.05, BLACK)
    c.line(((0.5, 0.60), (0.59, 0.77)), 0.05, BLACK)


_AHEAD = partial(_arrow, path=((0.5, 0.80), (0.5, 0.4)), tip=((0.5, 0.14), (0.30, 0.45), (0.70, 0.45)))
_RIGHT = partial(_arrow, path=((0.2, 0.5), (0.6, 0.5)), tip=((0.86, 0.5), (0.55, 0.30), (0.55, 0.70)))
_LEFT = partial(_arrow, path=((0.8, 0.5), (0.4, 0.5)), tip=((0.14, 0.5), (0.45, 0.30), (0.45, 0.70)))

SIGNS: dict[str, Draw] = {
    "stop": _stop,
    "yield": _yield,
    "no entry": _no_entry,
    "speed limit thirty": partial(_speed, number="30"),
    "speed limit fifty": partial(_speed, number="50"),
    "speed limit eighty": partial(_speed, number="80"),
    "priority road": _priority,
    "danger": partial(_triangle, symbol=_exclamation),
    "crossroads": partial(_triangle, symbol=_crossing),
    "bumpy road": partial(_triangle, symbol=_bump),
    "turn left": partial(_blue_disc, symbol=_LEFT),
    "turn right": partial(_blue_disc, symbol=_RIGHT),
    "straight ahead": partial(_blue_disc, symbol=_AHEAD),
    "roundabout": partial(_blue_disc, symbol=_circling),
    "parking": _parking,
    "pedestrian crossing": _pedestrian,
}
