"""Digits and letters, large in the canvas's ink."""

from __future__ import annotations

import string
from collections.abc import Sequence
from functools import partial

import numpy as np

from lib.synthetic.canvas import Canvas, Draw
from lib.synthetic.digit_names import DIGIT_NAMES
from lib.synthetic.palette import contrasting, mix

LETTER_NAMES = tuple(string.ascii_lowercase)


def _character(c: Canvas, rng: np.random.Generator, character: str, fonts: Sequence[str]) -> None:
    c.glyph(character, fonts[rng.integers(len(fonts))], 0.5, 0.5, 0.82, c.ink)


def _with_neighbours(c: Canvas, rng: np.random.Generator, character: str, fonts: Sequence[str], nearest: float) -> None:
    font = fonts[rng.integers(len(fonts))]
    for side in (-1, 1):
        if rng.random() < 0.7:
            other = str(rng.integers(10))
            c.glyph(other, font, 0.5 + side * rng.uniform(nearest, nearest + 0.12), 0.5, 0.72, c.ink)
    if rng.random() < 0.5:
        c.line(((-0.5, 0.02), (1.5, 0.02)), 0.05, mix(c.paper, contrasting(rng, c.paper), 0.4))
    c.glyph(character, font, 0.5, 0.5, 0.74, c.ink)


def digits(fonts: Sequence[str]) -> dict[str, Draw]:
    """One large digit, by its name in English."""
    return {name: partial(_character, character=str(k), fonts=fonts) for k, name in enumerate(DIGIT_NAMES)}


def street_numbers(fonts: Sequence[str], nearest: float) -> dict[str, Draw]:
    """A digit between parts of other digits, whose centres are `nearest` to `nearest` + 0.12 sides away."""
    drawn = {}
    for k, name in enumerate(DIGIT_NAMES):
        drawn[name] = partial(_with_neighbours, character=str(k), fonts=fonts, nearest=nearest)
    return drawn


def letters(fonts: Sequence[str]) -> dict[str, Draw]:
    """One large capital letter, by the letter in lower case."""
    return {name: partial(_character, character=name.upper(), fonts=fonts) for name in LETTER_NAMES}
