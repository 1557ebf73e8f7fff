"""Options of readers: values of the right kind."""

from __future__ import annotations

from collections.abc import Mapping

from lib.data.readers.errors import DataError


def check_whole_numbers(what: str, options: Mapping[str, object], *, least: int, most: int | None = None) -> None:
    """Raise DataError for a value that is not a whole number from `least` to `most`."""
    for name, value in options.items():
        whole = isinstance(value, int) and not isinstance(value, bool)
        if not whole or value < least or (most is not None and value > most):
            raise DataError(
                f"{what}: {name}",
                got=repr(value)[:80],
                expected=f"a whole number from {least}" + ("" if most is None else f" to {most}"),
                next_step="correct the option",
            )
