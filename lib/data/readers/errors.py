"""What a data source raises: DataError before any image is decoded, ImageError for one that cannot be."""

from __future__ import annotations

from collections.abc import Sequence


class DataError(ValueError):
    """Data that is absent, damaged or not the data set that was asked for; says got, expected and the next step."""

    def __init__(self, what: str, *, got: object, expected: object, next_step: str):
        super().__init__(printable(f"{what}: got {got}, expected {expected}. Next: {next_step}"))


class ImageError(OSError):
    """An image that cannot be decoded; the message names the file or the row."""

    def __init__(self, message: str):
        super().__init__(printable(message))


def some(names: Sequence[object], show: int = 5) -> str:
    """The first few names for a message, and how many more there are."""
    listed = ", ".join(map(str, names[:show]))
    return listed if len(names) <= show else f"{listed} and {len(names) - show} more"


def printable(text: str) -> str:
    """The text with line breaks, control characters and undecodable bytes of names escaped: one line of a log."""
    return text if text.isprintable() else "".join(c if c.isprintable() else repr(c)[1:-1] for c in text)
