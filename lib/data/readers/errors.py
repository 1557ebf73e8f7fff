"""What a data source raises: DataError before any image is decoded, ImageError for one that cannot be."""

from __future__ import annotations

from collections.abc import Sequence


class DataError(ValueError):
    """Data that is absent, damaged or not the data set that was asked for; says got, expected and the next step."""

    def __init__(self, what: str, *, got: object, expected: object, next_step: str):
        super().__init__(f"{what}: got {got}, expected {expected}. Next: {next_step}")


class ImageError(OSError):
    """An image that cannot be decoded; the message names the file or the row."""


def some(names: Sequence[object], show: int = 5) -> str:
    """The first few names for a message, and how many more there are."""
    listed = ", ".join(map(str, names[:show]))
    return listed if len(names) <= show else f"{listed} and {len(names) - show} more"
