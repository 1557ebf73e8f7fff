"""A configuration that builds on another: `base: config.yaml`, then only what differs."""

from __future__ import annotations

import os
from collections.abc import Mapping, Sequence
from pathlib import Path

from workflow_scripts.configuration.files import FileError, read_mapping


class BaseError(FileError):
    """A base that is absent, or built on itself."""


def effective(config: Mapping[str, object], folders: Sequence[Path], seen: tuple[Path, ...] = ()) -> dict[str, object]:
    """The configuration with everything that it builds on, and without the key `base`.

    Mappings merge key by key; lists and values replace the base's; null in the place of a mapping leaves it out.
    folders: where a relative base is looked for, in order: that of the file that names it, then the working directory.
    Raises FileError.
    """
    config = dict(config)
    if "base" not in config:
        return config
    name = config.pop("base")
    if not isinstance(name, str) or not name.isprintable() or not 0 < len(name) < 1000:
        raise BaseError(f"base: got {name!r}, expected the path of another configuration, such as config.yaml")
    places = list(dict.fromkeys((folder / name).resolve() for folder in folders))
    file = next(filter(os.path.isfile, places), None)
    if file is None:
        looked = " or ".join(map(str, places))
        raise BaseError(
            f"base: no configuration {name!r} at {looked}; write its path relative to the file that names it"
        )
    if file in seen:
        raise BaseError(f"base: {file} builds on itself, through {', '.join(map(str, seen))}; remove one base")
    below = read_mapping(file)
    return merged(effective(below, [file.parent, *folders[1:]], (*seen, file)), config)


def merged(below: Mapping, above: Mapping) -> dict:
    """Both mappings, merged key by key; lists and values of the upper one replace those of the lower.

    Null in the place of a mapping leaves it out: so does a run without a section of its base.
    """
    found = dict(below)
    for key, value in above.items():
        if value is None and isinstance(below.get(key), Mapping):
            del found[key]
            continue
        both = isinstance(value, Mapping) and isinstance(below.get(key), Mapping)
        found[key] = merged(below[key], value) if both else value
    return found


def in_order(value: object) -> object:
    """A value with the keys of all its mappings in order: in which they were written changes no result."""
    if isinstance(value, Mapping):
        return {key: in_order(value[key]) for key in sorted(value, key=str)}
    return [in_order(entry) for entry in value] if isinstance(value, list) else value
