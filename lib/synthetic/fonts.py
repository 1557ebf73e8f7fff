"""Characters as masks, from the fonts that matplotlib ships."""

from __future__ import annotations

from functools import lru_cache
from pathlib import Path

import matplotlib
from PIL import Image, ImageDraw, ImageFont

CLEAN_FONTS = (
    "DejaVuSans",
    "DejaVuSans-Bold",
    "DejaVuSans-Oblique",
    "DejaVuSansMono",
    "DejaVuSansMono-Bold",
    "DejaVuSerif",
    "DejaVuSerif-Bold",
    "DejaVuSerif-Italic",
)
OTHER_FONTS = (
    "STIXGeneral",
    "STIXGeneralBol",
    "STIXGeneralItalic",
    "STIXGeneralBolIta",
    "cmr10",
    "cmb10",
    "cmss10",
    "cmtt10",
)
_POINTS = 72


@lru_cache(maxsize=2048)
def glyph(character: str, font: str) -> Image.Image:
    """The character in white on black, mode L, cropped to its ink with a margin of two pixels."""
    face = _face(font)
    left, top, right, bottom = face.getbbox(character)
    mask = Image.new("L", (right - left + 4, bottom - top + 4))
    ImageDraw.Draw(mask).text((2 - left, 2 - top), character, fill=255, font=face)
    return mask


@lru_cache(maxsize=64)
def _face(font: str) -> ImageFont.FreeTypeFont:
    folder = Path(matplotlib.get_data_path()) / "fonts" / "ttf"
    return ImageFont.truetype(str(folder / f"{font}.ttf"), _POINTS)
