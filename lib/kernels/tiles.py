"""A matrix between points in tiles: some rows against some columns, of no more points than fit into memory at once."""

from __future__ import annotations

from dataclasses import dataclass
from itertools import combinations

Range = tuple[int, int]


@dataclass(frozen=True)
class Tile:
    """Rows (start, stop) against columns.

    mirrored: both count the same points, so the tile gives its mirror image too. whole: it also gives its rows against
    themselves and its columns against themselves.
    """

    rows: Range
    columns: Range
    mirrored: bool = False
    whole: bool = False

    @property
    def ranges(self) -> list[Range]:
        """The points that it needs."""
        return [self.rows] if self.mirrored and self.rows == self.columns else [self.rows, self.columns]


def tiles(n: int, m: int, points: int) -> list[Tile]:
    """Tiles of at most `points` >= 2 points that cover n rows against m columns."""
    height = min(n, max(points // 2, points - m))
    return [Tile(rows, columns) for rows in _parts(n, height) for columns in _parts(m, points - height)]


def symmetric_tiles(n: int, points: int) -> list[Tile]:
    """Tiles of at most `points` >= 2 points that cover n points against themselves."""
    if n <= points:
        return [Tile((0, n), (0, n), mirrored=True, whole=True)]
    done: set[Range] = set()
    found = []
    for rows, columns in combinations(_parts(n, points // 2), 2):
        found.append(Tile(rows, columns, mirrored=True, whole=not {rows, columns} <= done))
        done |= {rows, columns}
    return found


def _parts(n: int, size: int) -> list[Range]:
    """Ranges of at most `size`, as equal as they can be."""
    count = -(-n // size)
    bounds = [n * i // count for i in range(count + 1)]
    return list(zip(bounds, bounds[1:], strict=False))
