"""The pre-training distribution: large clean images, each with one plain caption."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace

import numpy as np

from lib.synthetic.aerial import AERIAL
from lib.synthetic.canvas import SIDE, Draw
from lib.synthetic.characters import digits, letters
from lib.synthetic.fonts import CLEAN_FONTS
from lib.synthetic.land_use import LAND_USE
from lib.synthetic.objects import OBJECTS
from lib.synthetic.palette import COLOUR_NAMES, NAMED, any_colour, near
from lib.synthetic.scenes import SCENES
from lib.synthetic.shapes import SHAPES
from lib.synthetic.signs import SIGNS
from lib.synthetic.style import Style
from lib.synthetic.vehicles import VEHICLES
from lib.synthetic.world import render, textures

_CLEAN = Style(turn=8, zoom=(0.8, 1.05), offset=0.06, contrast=(0.75, 1.05), light=15, blur=(0.0, 0.4), noise=(0, 6))
_ABOVE = replace(_CLEAN, turn=180, zoom=(0.8, 1.1), offset=0.04, mirror=0.5)


@dataclass(frozen=True)
class Family:
    """Things that share captions: weight is the family's share of the images (relative).

    plain: captions with `{}` for the name. coloured: captions with `{colour}` and `{}`, none where
    the ink does not show.
    """

    classes: Mapping[str, Draw]
    plain: tuple[str, ...]
    coloured: str | None
    weight: float
    style: Style = _CLEAN


FAMILIES: tuple[Family, ...] = (
    Family(
        digits(CLEAN_FONTS),
        ("the digit {}", "a photo of the digit {}"),
        "a {colour} digit {}",
        3.0,
        replace(_CLEAN, turn=12, zoom=(0.7, 1.1)),
    ),
    Family(letters(CLEAN_FONTS), ("the letter {}", "a photo of the letter {}"), "a {colour} letter {}", 1.5),
    Family(SHAPES, ("a {}", "a photo of a {}"), "a {colour} {}", 1.2),
    Family(SIGNS, ("a {} sign", "a photo of a {} sign"), None, 2.0, replace(_CLEAN, zoom=(0.75, 1.0))),
    Family(
        textures(), ("a {} texture", "a photo of a {} texture"), None, 2.2, replace(_ABOVE, zoom=(0.7, 1.5), offset=0.3)
    ),
    Family(LAND_USE, ("a satellite photo of {}", "{} seen from above"), None, 1.5, _ABOVE),
    Family(AERIAL, ("an aerial photo of a {}", "a {} seen from above"), None, 2.0, _ABOVE),
    Family(SCENES, ("a view of a {}", "a photo of a {}"), None, 1.8, replace(_CLEAN, zoom=(1.0, 1.15), mirror=0.5)),
    Family(VEHICLES, ("a {}", "a photo of a {}"), "a {colour} {}", 2.0, replace(_CLEAN, mirror=0.5)),
    Family(OBJECTS, ("a {}", "a photo of a {}"), "a {colour} {}", 2.6, replace(_CLEAN, mirror=0.3)),
)


@dataclass(frozen=True)
class Captioned:
    """n images and what is known of each.

    images: UInt8[n, SIDE, SIDE, 3]. families, labels, colours: Int16[n], indices into FAMILIES, the
    family's classes and COLOUR_NAMES.
    """

    images: np.ndarray
    families: np.ndarray
    labels: np.ndarray
    colours: np.ndarray

    def __len__(self) -> int:
        return len(self.images)

    def take(self, rows: np.ndarray) -> Captioned:
        """The given rows, in that order."""
        return Captioned(self.images[rows], self.families[rows], self.labels[rows], self.colours[rows])


def draw_captioned(seed: int, start: int, stop: int) -> Captioned:
    """Images start, ..., stop - 1 of the seed's endless series; each depends on (seed, index) alone."""
    images = np.empty((stop - start, SIDE, SIDE, 3), np.uint8)
    known = np.empty((3, stop - start), np.int16)
    for k, index in enumerate(range(start, stop)):
        images[k], *known[:, k] = _draw(seed, index)
    return Captioned(images, *known)


def _draw(seed: int, index: int) -> tuple[np.ndarray, int, int, int]:
    rng = np.random.default_rng([seed, index])
    family_index = int(np.searchsorted(_SHARES, rng.random()))
    family = FAMILIES[family_index]
    label, colour = int(rng.integers(len(family.classes))), int(rng.integers(len(COLOUR_NAMES)))
    ink = near(rng, NAMED[COLOUR_NAMES[colour]])
    paper = _background(rng, ink)
    draw = list(family.classes.values())[label]
    return render(draw, family.style, rng, ink, paper), family_index, label, colour


def _background(rng: np.random.Generator, ink: tuple[int, int, int]) -> tuple[int, int, int]:
    while True:
        paper = any_colour(rng)
        if sum(abs(a - b) for a, b in zip(ink, paper, strict=True)) >= 200:
            return paper


_SHARES = np.cumsum([family.weight for family in FAMILIES]) / sum(family.weight for family in FAMILIES)


def caption(family: int, label: int, colour: int, form: int) -> str:
    """The caption of an image: form 0 and 1 are the family's plain captions, 2 names the colour where it shows."""
    kind = FAMILIES[family]
    name = list(kind.classes)[label]
    if form == 2 and kind.coloured is not None:
        return kind.coloured.format(name, colour=COLOUR_NAMES[colour])
    return kind.plain[form % 2].format(name)


def all_captions() -> list[str]:
    """Every caption that can occur, sorted, each once."""
    every = {
        caption(f, label, colour, form)
        for f, family in enumerate(FAMILIES)
        for label in range(len(family.classes))
        for colour in range(len(COLOUR_NAMES))
        for form in range(3)
    }
    return sorted(every)


def joined(parts: list[Captioned]) -> Captioned:
    """The images of all parts in order."""
    columns = ("images", "families", "labels", "colours")
    return Captioned(*(np.concatenate([getattr(part, name) for part in parts]) for name in columns))
