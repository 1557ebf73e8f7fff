"""Lines of a data set's text files: its lists and tables."""

from __future__ import annotations

from pathlib import Path

from lib.data.readers.errors import DataError
from lib.data.readers.regular_files import regular

_MAX_BYTES = 64 * 2**20


def text_lines(path: Path, what: str) -> list[str]:
    """The lines that are not blank, without the space around them. Raises DataError unless `path` is a regular file of
    printable UTF-8 text (tabs are space), at most 64 MiB.
    """
    try:
        if regular(path).stat().st_size > _MAX_BYTES:
            raise ValueError(f"{path.stat().st_size} bytes")
        stripped = (line.strip() for line in path.read_text(encoding="utf-8-sig").splitlines())
        lines = [line for line in stripped if line]
        broken = next((line for line in lines if not line.replace("\t", " ").isprintable()), None)
        if broken is not None:
            raise ValueError(f"the line {broken[:80]!r}")
        return lines
    except (OSError, ValueError) as error:
        raise DataError(
            f"{what} {path}",
            got=f"{type(error).__name__}: {error}",
            expected=f"lines of printable UTF-8 text, at most {_MAX_BYTES} bytes",
            next_step="fetch it again, or unpack its archive again",
        ) from error
