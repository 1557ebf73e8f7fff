"""The header of a safetensors file: what tensors it says it holds, and whether the file's size bears it out.

Format: 8 bytes with the header's length, a JSON object, then the values (https://huggingface.co/docs/safetensors).
Reads the header alone, and imports no torch.
"""

from __future__ import annotations

import json
import math
import os
import struct
from collections.abc import Mapping

from lib.files.checkpoints import CheckpointError

HEADER_BYTES = 8_000_000  # some 70,000 tensors; a CLIP with its optimizer's state has 2,000
ITEM_BYTES = {
    **{"F64": 8, "F32": 4, "F16": 2, "BF16": 2},
    **{"I64": 8, "I32": 4, "I16": 2, "I8": 1, "U8": 1, "BOOL": 1},
}
_LARGEST = 1 << 62


def require_header(path: str | os.PathLike) -> None:
    """Raise CheckpointError unless the header is one, names tensors of known types and fits the file's size."""
    with open(path, "rb") as file:
        size = os.fstat(file.fileno()).st_size
        start = file.read(8)
        length = struct.unpack("<Q", start)[0] if len(start) == 8 else 0
        if not 2 <= length <= min(HEADER_BYTES, size - 8):
            raise CheckpointError(
                f"{path} has {size} bytes and says that its header has {length}, expected 2 to {HEADER_BYTES} that lie "
                "in the file: it is no complete safetensors file. Likely causes: a cut or damaged download. "
                "Fetch it again."
            )
        text = file.read(length)
    _require_values(path, _entries(path, text), size - 8 - length)


def _entries(path: str | os.PathLike, text: bytes) -> dict[str, object]:
    try:
        header = json.loads(text.decode())
    except (ValueError, RecursionError) as error:
        raise CheckpointError(
            f"{path} is no complete safetensors file: its header is not JSON ({str(error)[:100]}). Fetch it again."
        ) from error
    if not isinstance(header, dict):
        raise CheckpointError(
            f"{path} is no complete safetensors file: its header is a {type(header).__name__}, expected tensors by "
            "their names. Fetch it again."
        )
    entries = {name: entry for name, entry in header.items() if name != "__metadata__"}
    if not entries:
        raise CheckpointError(f"{path} holds no tensors, expected weights: fetch it again, or name another file")
    return entries


def _require_values(path: str | os.PathLike, entries: Mapping[str, object], size: int) -> None:
    """The tensors' bytes follow each other without gap or overlap, and fill the rest of the file."""
    places = sorted((_place(path, name, entry), name) for name, entry in entries.items())
    end = 0
    for (start, stop), name in places:
        if start != end:
            raise CheckpointError(
                f"{path} is no complete safetensors file: the values of {name[:80]!r} begin at byte {start}, those "
                f"before them end at {end}. Fetch it again."
            )
        end = stop
    if end != size:
        raise CheckpointError(
            f"{path} is no complete safetensors file: its tensors have {end} bytes, the file holds {size}. Likely "
            "cause: a cut download. Compare its size with its source's and fetch it again."
        )


def _place(path: str | os.PathLike, name: str, entry: object) -> tuple[int, int]:
    """The first byte of a tensor's values, and the first behind them."""
    entry = entry if isinstance(entry, dict) else {}
    kind, shape, place = (entry.get(key) for key in ("dtype", "shape", "data_offsets"))
    if not (isinstance(kind, str) and _whole_numbers(shape) and _whole_numbers(place) and len(place) == 2):
        raise CheckpointError(
            f"{path} is no complete safetensors file: {name[:80]!r} lacks its dtype, shape or data_offsets in whole "
            "numbers from 0 on. Fetch it again."
        )
    if kind not in ITEM_BYTES:
        raise CheckpointError(
            f"{path}: {name[:80]!r} has the type {kind[:20]!r}, expected one of {', '.join(ITEM_BYTES)}: convert the "
            "weights to float32, float16 or bfloat16 where they were made"
        )
    needed = math.prod(shape) * ITEM_BYTES[kind]
    if place[1] - place[0] != needed:
        raise CheckpointError(
            f"{path} is no complete safetensors file: {name[:80]!r} takes the bytes {place[0]} to {place[1]}, but its "
            f"shape needs {needed}. Fetch it again."
        )
    return place[0], place[1]


def _whole_numbers(values: object) -> bool:
    return (
        isinstance(values, list)
        and len(values) <= 16
        and all(type(value) is int and 0 <= value < _LARGEST for value in values)
    )
