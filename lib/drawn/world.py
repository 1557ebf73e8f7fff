"""The tasks of the embedded world: which things, how they are shown, what they are called."""

from __future__ import annotations

import zlib
from collections.abc import Mapping
from dataclasses import dataclass
from functools import partial

import numpy as np

from lib.drawn.aerial import AERIAL
from lib.drawn.canvas import RGB, Canvas, Draw
from lib.drawn.characters import letters, street_numbers
from lib.drawn.fields import PATTERNS, Pattern
from lib.drawn.fonts import OTHER_FONTS
from lib.drawn.land_use import LAND_USE
from lib.drawn.objects import OBJECTS
from lib.drawn.palette import any_colour, contrasting
from lib.drawn.scenes import SCENES
from lib.drawn.signs import SIGNS
from lib.drawn.style import Style
from lib.drawn.vehicles import VEHICLES


@dataclass(frozen=True)
class Picture:
    """One kind of picture: its classes, how each is drawn, and in which style.

    templates hold one `{}` for the class name. contrast: least L1 distance of ink from paper, in levels.
    """

    classes: Mapping[str, Draw]
    templates: tuple[str, ...]
    style: Style
    contrast: float = 200.0

    @property
    def class_names(self) -> tuple[str, ...]:
        """The names in the order of the labels."""
        return tuple(self.classes)


def _pattern(c: Canvas, rng: np.random.Generator, pattern: Pattern) -> None:
    u, v = c.coordinates()
    c.wash(pattern(u, v, rng), c.paper, c.ink)


def textures() -> dict[str, Draw]:
    """The patterns as things to draw, in the canvas's two colours."""
    return {name: partial(_pattern, pattern=pattern) for name, pattern in PATTERNS.items()}


def render(draw: Draw, style: Style, rng: np.random.Generator, ink: RGB, paper: RGB) -> np.ndarray:
    """One picture, UInt8[SIDE, SIDE, 3]."""
    canvas = Canvas(ink, paper, style.pose(rng))
    draw(canvas, rng)
    return style.develop(rng, canvas.image())


_TEXTURES = textures()
_TASK_TEXTURES = {
    n: d for n, d in _TEXTURES.items() if n not in ("ringed", "marbled", "crosshatched", "bubbly", "wavy")
}

PICTURES: dict[str, Picture] = {
    "street_numbers": Picture(
        street_numbers(OTHER_FONTS),
        ("the digit {}", "a photo of the digit {}"),
        Style(turn=10, zoom=(0.8, 1.05), offset=0.05, contrast=(0.4, 0.8), light=30, blur=(0.2, 0.7), noise=(4, 16)),
    ),
    "signs": Picture(
        SIGNS,
        ("a {} sign", "a photo of a {} sign"),
        Style(
            turn=12,
            zoom=(0.62, 0.95),
            offset=0.08,
            contrast=(0.3, 0.7),
            light=50,
            cast=15,
            blur=(0.4, 0.9),
            noise=(6, 18),
        ),
    ),
    "textures": Picture(
        _TASK_TEXTURES,
        ("a {} texture", "a photo of a {} texture"),
        Style(turn=180, zoom=(0.6, 1.1), offset=0.3, contrast=(0.4, 0.8), light=30, blur=(0.2, 0.7), noise=(8, 22)),
    ),
    "land_use": Picture(
        LAND_USE,
        ("a satellite photo of {}", "{} seen from above"),
        Style(
            turn=180,
            zoom=(0.6, 0.95),
            mirror=0.5,
            contrast=(0.4, 0.8),
            light=30,
            cast=35,
            blur=(0.3, 0.8),
            noise=(5, 15),
        ),
    ),
    "aerial": Picture(
        AERIAL,
        ("an aerial photo of a {}", "a {} seen from above"),
        Style(
            turn=180,
            zoom=(0.6, 0.95),
            offset=0.1,
            contrast=(0.4, 0.8),
            light=30,
            cast=35,
            blur=(0.3, 0.8),
            noise=(5, 15),
        ),
    ),
    "scenes": Picture(
        SCENES,
        ("a view of a {}", "a photo of a {}"),
        Style(
            turn=12,
            zoom=(0.9, 1.3),
            offset=0.12,
            mirror=0.5,
            contrast=(0.3, 0.7),
            light=40,
            cast=40,
            blur=(0.4, 0.9),
            noise=(8, 20),
            gray=0.4,
        ),
    ),
    "vehicles": Picture(
        VEHICLES,
        ("a {}", "a photo of a {}"),
        Style(
            turn=15,
            zoom=(0.65, 1.0),
            offset=0.1,
            mirror=0.5,
            contrast=(0.3, 0.7),
            light=40,
            cast=20,
            blur=(0.3, 0.8),
            noise=(8, 20),
        ),
        contrast=150.0,
    ),
    "objects": Picture(
        OBJECTS,
        ("a {}", "a photo of a {}"),
        Style(
            turn=15,
            zoom=(0.75, 1.0),
            offset=0.06,
            mirror=0.5,
            contrast=(0.5, 0.9),
            light=25,
            blur=(0.0, 0.6),
            noise=(4, 12),
        ),
    ),
    "letters": Picture(
        letters(OTHER_FONTS),
        ("the letter {}", "a photo of the letter {}"),
        Style(turn=15, zoom=(0.7, 1.0), offset=0.06, contrast=(0.5, 0.9), light=30, blur=(0.0, 0.6), noise=(4, 12)),
    ),
}


def draw_row(picture: str, split: str, seed: int, row: int) -> tuple[np.ndarray, int]:
    """Row `row` of a split: UInt8[SIDE, SIDE, 3] and its label, row modulo the number of classes.

    Depends on nothing but the arguments. Raises KeyError for an unknown picture.
    """
    kind = PICTURES[picture]
    rng = np.random.default_rng([seed, zlib.crc32(f"{picture}/{split}".encode()), row])
    label = row % len(kind.classes)
    paper = any_colour(rng)
    draw = kind.classes[kind.class_names[label]]
    return render(draw, kind.style, rng, contrasting(rng, paper, kind.contrast), paper), label
