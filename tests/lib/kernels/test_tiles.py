"""Tiles cover a matrix, once or by mirror image, with no more points than allowed."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from lib.kernels.tiles import symmetric_tiles, tiles


def places(rows, columns):
    return {(i, j) for i in range(*rows) for j in range(*columns)}


@given(n=st.integers(1, 20), m=st.integers(1, 20), points=st.integers(2, 25))
def test_tiles_cover_a_matrix_once(n, m, points):
    found = tiles(n, m, points)
    covered = [place for tile in found for place in places(tile.rows, tile.columns)]
    assert sorted(covered) == sorted(places((0, n), (0, m)))
    assert all(sum(b - a for a, b in tile.ranges) <= points for tile in found)


@given(n=st.integers(1, 20), points=st.integers(2, 25))
def test_symmetric_tiles_cover_a_matrix_with_their_mirror_images(n, points):
    found, covered = symmetric_tiles(n, points), set()
    for tile in found:
        assert sum(b - a for a, b in tile.ranges) <= points
        sides = [(tile.rows, tile.columns), (tile.columns, tile.rows)]
        sides += [(tile.rows, tile.rows), (tile.columns, tile.columns)] if tile.whole else []
        for rows, columns in sides:
            covered |= places(rows, columns)
    assert covered == places((0, n), (0, n))


@pytest.mark.parametrize(("n", "m", "points", "count"), [(64, 1000, 300, 5), (1000, 64, 300, 5), (10, 10, 20, 1)])
def test_the_shorter_side_is_held_whole(n, m, points, count):
    assert len(tiles(n, m, points)) == count


def test_all_points_at_once_if_they_fit():
    assert len(symmetric_tiles(9, 9)) == 1 and len(symmetric_tiles(9, 8)) == 3
