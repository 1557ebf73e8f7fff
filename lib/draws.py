"""Numbers for texts, by which random draws of one name differ from those of another and stay what they are."""

from __future__ import annotations

import zlib


def number_of(text: str) -> int:
    """A number in [0, 2^32) that a text has on every machine and in every process."""
    return zlib.crc32(text.encode())
