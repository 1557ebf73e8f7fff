"""The elements of a MATLAB file of version 5, seen before scipy follows them: it trusts their sizes and their nesting.

MathWorks, "MAT-File Format": an element is a tag (type, number of bytes) and its data; those of a matrix are elements.
"""

from __future__ import annotations

import math
import os
import struct
import zlib
from collections.abc import Iterator
from typing import BinaryIO

_BYTE_ORDERS = {b"IM": "<", b"MI": ">"}
_HEADER = 128
_PIECE = 2**20
_MATRIX, _COMPRESSED = 14, 15
_CELL, _STRUCT = 1, 2
_TEXT, _NUMBERS = 4, range(6, 16)


def checked_elements(file: BinaryIO, *, at_most: int, containers: bool) -> None:
    """Raise ValueError unless the file has version 5 and at most so many bytes without compression.

    containers: whether it may hold cells and structs, of texts and numbers; nothing in them is nested any deeper.
    """
    order = _BYTE_ORDERS.get(file.read(_HEADER)[126:])
    if order is None:
        raise ValueError("not a MATLAB file of version 5")
    if os.fstat(file.fileno()).st_size > at_most:
        raise ValueError(f"a file of more than {at_most} bytes")
    left, pieces = at_most, []
    for piece in _unpacked(file, order):
        left -= len(piece)
        if left < 0:
            raise ValueError(f"more than {at_most} bytes without compression")
        if containers:
            pieces.append(piece)
    for kind, content in _parts(b"".join(pieces), order):
        if kind == _MATRIX:
            _check_matrix(content, order)


def _unpacked(file: BinaryIO, order: str) -> Iterator[bytes]:
    """The bytes behind the header, without compression, in pieces."""
    while len(tag := file.read(8)) == 8:
        kind, size = struct.unpack(f"{order}II", tag)
        unpack = zlib.decompressobj() if kind == _COMPRESSED else None
        if unpack is None:
            yield tag
        while size and (packed := file.read(min(size, _PIECE))):
            size -= len(packed)
            while unpack and packed:
                yield unpack.decompress(packed, _PIECE)
                packed = unpack.unconsumed_tail
            yield packed


def _parts(data: bytes, order: str) -> Iterator[tuple[int, memoryview]]:
    """Type and content of each element, which must fill the data exactly."""
    place, view = 0, memoryview(data)
    while place < len(data):
        kind, size = struct.unpack_from(f"{order}II", data, place)
        start, stored = place + 8, size + -size % 8
        if kind >> 16:  # up to four bytes of data in the tag itself
            kind, size, start, stored = kind & 0xFFFF, kind >> 16, place + 4, 4
        place = start + stored
        if place > len(data) or size > stored:
            raise ValueError("an element that is longer than what holds it")
        yield kind, view[start : start + size]


def _check_matrix(content: memoryview, order: str) -> None:
    """A container of plain matrices; its header says how many."""
    if _is_plain(content, order):
        return
    flags, shape, _, *rest = list(_parts(content, order))
    fields, kind = 1, flags[1][0 if order == "<" else 3]
    if kind == _STRUCT:
        (_, length), (_, names), *rest = rest
        fields = len(names) // struct.unpack(f"{order}i", length)[0]
    count = math.prod(struct.unpack(f"{order}{len(shape[1]) // 4}i", shape[1])) * fields
    plain = all(part == _MATRIX and _is_plain(inner, order) for part, inner in rest)
    if kind not in (_CELL, _STRUCT) or count != len(rest) or not plain:
        raise ValueError("a matrix of another kind or more deeply nested than text and numbers in a cell or struct")


def _is_plain(content: memoryview, order: str) -> bool:
    """Whether a matrix is text or numbers: flags, shape, name and data."""
    if not content:
        return True
    parts = list(_parts(content, order))
    kind = parts[0][1][0 if order == "<" else 3]
    return len(parts) == 4 and (kind == _TEXT or kind in _NUMBERS)
