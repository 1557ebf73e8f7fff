"""Lines that commands print: to a reader that may be gone, and of values that differ. Imports the standard library."""

from __future__ import annotations

import json
import os
import re
import sys
from collections.abc import Iterator, Mapping


def tell(text: object, *, end: str = "\n") -> None:
    """Print at once. A reader that is gone, as in `make trace | head`, changes nothing for a command but its output:
    it goes on, silent, and ends with its own status.
    """
    try:
        print(text, end=end, flush=True)
    except BrokenPipeError:
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())


def differing(then: Mapping[str, object], now: Mapping[str, object]) -> Iterator[str]:
    """`name: a -> b` for each value that differs; of mappings within, by their path, as recipe.learning_rate."""
    ours, theirs = _flat(then), _flat(now)
    for name in dict.fromkeys([*ours, *theirs]):
        if (name in ours) != (name in theirs) or ours.get(name) != theirs.get(name):
            yield f"{name}: {_shown(ours, name)} -> {_shown(theirs, name)}"


def _flat(values: Mapping[str, object], start: str = "") -> dict[str, object]:
    flat: dict[str, object] = {}
    for key, value in values.items():
        if isinstance(value, Mapping) and value:
            flat |= _flat(value, f"{start}{key}.")
        else:
            flat[f"{start}{key}"] = value
    return flat


def _shown(values: Mapping[str, object], name: str) -> str:
    """A value in at most 60 characters; 12 of a digest."""
    if name not in values:
        return "absent"
    text = values[name] if isinstance(values[name], str) else json.dumps(values[name])
    if re.fullmatch("[0-9a-f]{64}", text):
        return text[:12]
    return text if len(text) <= 60 else f"{text[:57]}..."
