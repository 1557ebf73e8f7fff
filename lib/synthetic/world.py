"""The synthetic tasks: which things, how they are shown, what they are called."""

from __future__ import annotations

import zlib
from collections.abc import Mapping
from dataclasses import dataclass, replace
from functools import partial

import numpy as np

from lib.synthetic.aerial import AERIAL
from lib.synthetic.canvas import RGB, Canvas, Draw
from lib.synthetic.characters import letters, street_numbers
from lib.synthetic.fields import PATTERNS, Pattern
from lib.synthetic.fonts import OTHER_FONTS
from lib.synthetic.land_use import LAND_USE
from lib.synthetic.objects import OBJECTS
from lib.synthetic.palette import any_colour, contrasting
from lib.synthetic.scenes import SCENES
from lib.synthetic.signs import SIGNS
from lib.synthetic.style import Style
from lib.synthetic.vehicles import VEHICLES


@dataclass(frozen=True)
class Kind:
    """One kind of image: its classes, how each is drawn, and in which style.

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


def half(classes: Mapping[str, Draw], which: int) -> dict[str, Draw]:
    """Every second class in alphabetical order, from the first (0) or the second (1)."""
    return {name: classes[name] for name in sorted(classes)[which::2]}


def render(draw: Draw, style: Style, rng: np.random.Generator, ink: RGB, paper: RGB) -> np.ndarray:
    """One image, UInt8[SIDE, SIDE, 3]."""
    canvas = Canvas(ink, paper, style.pose(rng))
    draw(canvas, rng)
    return style.develop(rng, canvas.image())


_TEXTURES = textures()
_TASK_TEXTURES = {
    n: d for n, d in _TEXTURES.items() if n not in ("ringed", "marbled", "crosshatched", "bubbly", "wavy")
}

_FIELD = Style(contrast=(0.45, 0.85), light=30, cast=8, blur=(0.2, 0.6), noise=(3, 10))
_OBJECT_TEMPLATES = ("a {}", "a photo of a {}")
_OBJECT_STYLE = replace(_FIELD, turn=20, zoom=(0.6, 0.9), offset=0.06, mirror=0.5)
_SKETCH = Style(turn=20, zoom=(0.6, 0.9), offset=0.06, mirror=0.5, blur=(0.3, 0.3), noise=(2, 6), lines=True)

KINDS: dict[str, Kind] = {
    "street_numbers": Kind(
        street_numbers(OTHER_FONTS, nearest=0.48),
        ("the digit {}", "a photo of the digit {}"),
        replace(_FIELD, turn=8, zoom=(0.85, 1.05), offset=0.04),
    ),
    "signs": Kind(
        SIGNS,
        ("a {} sign", "a photo of a {} sign"),
        replace(_FIELD, turn=10, zoom=(0.65, 0.95), offset=0.06, channels=(1, 0, 2)),
    ),
    "textures": Kind(
        _TASK_TEXTURES,
        ("a {} texture", "a photo of a {} texture"),
        replace(_FIELD, turn=180, zoom=(0.62, 0.95), offset=0.3, noise=(3, 8)),
        contrast=260.0,
    ),
    "land_use": Kind(
        LAND_USE,
        ("a satellite photo of {}", "{} seen from above"),
        replace(_FIELD, turn=180, zoom=(0.6, 0.95), mirror=0.5, cast=15, channels=(1, 2, 0)),
    ),
    "aerial": Kind(
        AERIAL,
        ("an aerial photo of a {}", "a {} seen from above"),
        replace(_FIELD, turn=180, zoom=(0.6, 0.95), offset=0.08, mirror=0.5, gray=1.0),
    ),
    "scenes": Kind(
        SCENES,
        ("a view of a {}", "a photo of a {}"),
        replace(_FIELD, turn=10, zoom=(0.8, 1.2), offset=0.08, mirror=0.5, cast=25, gray=0.5, channels=(2, 1, 0)),
    ),
    "vehicles": Kind(
        VEHICLES,
        ("a {}", "a photo of a {}"),
        replace(_FIELD, turn=15, zoom=(0.55, 0.85), offset=0.06, mirror=0.5),
    ),
    "objects": Kind(
        OBJECTS,
        _OBJECT_TEMPLATES,
        _OBJECT_STYLE,
    ),
    "letters": Kind(
        letters(OTHER_FONTS),
        ("the letter {}", "a photo of the letter {}"),
        replace(_FIELD, turn=15, zoom=(0.7, 1.0), offset=0.06),
    ),
    # four tasks for analogies: sketches are to photos of some objects as they are to photos of others
    "photos_a": Kind(half(OBJECTS, 0), _OBJECT_TEMPLATES, _OBJECT_STYLE),
    "sketches_a": Kind(half(OBJECTS, 0), _OBJECT_TEMPLATES, _SKETCH),
    "photos_b": Kind(half(OBJECTS, 1), _OBJECT_TEMPLATES, _OBJECT_STYLE),
    "sketches_b": Kind(half(OBJECTS, 1), _OBJECT_TEMPLATES, _SKETCH),
}


def draw_row(name: str, split: str, seed: int, row: int) -> tuple[np.ndarray, int]:
    """Row `row` of a split: UInt8[SIDE, SIDE, 3] and its label, row modulo the number of classes.

    Depends on nothing but the arguments. Raises KeyError for an unknown kind.
    """
    kind = KINDS[name]
    rng = np.random.default_rng([seed, zlib.crc32(f"{name}/{split}".encode()), row])
    label = row % len(kind.classes)
    paper = any_colour(rng)
    draw = kind.classes[kind.class_names[label]]
    return render(draw, kind.style, rng, contrasting(rng, paper, kind.contrast), paper), label
