"""A configuration that builds on another: `base: config.yaml`, then only what differs."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path

import yaml


class BaseError(ValueError):
    """A configuration, or its base, that is absent or none, or that is built on itself."""


def effective(config: Mapping[str, object], folders: Sequence[Path], seen: tuple[Path, ...] = ()) -> dict[str, object]:
    """The configuration with everything that it builds on, and without the key `base`.

    Mappings merge key by key; lists and values replace the base's. folders: where a relative base is looked for, in
    order: that of the file that names it, then the working directory. Raises BaseError.
    """
    config = dict(config)
    if "base" not in config:
        return config
    name = config.pop("base")
    if not isinstance(name, str):
        raise BaseError(f"base: got {name!r}, expected the path of another configuration, such as config.yaml")
    places = list(dict.fromkeys((folder / name).resolve() for folder in folders))
    file = next((place for place in places if place.is_file()), None)
    if file is None:
        looked = " or ".join(map(str, places))
        raise BaseError(
            f"base: no configuration {name!r} at {looked}; write its path relative to the file that names it"
        )
    if file in seen:
        raise BaseError(f"base: {file} builds on itself, through {', '.join(map(str, seen))}; remove one base")
    below = read_mapping(file)
    return _merged(effective(below, [file.parent, *folders[1:]], (*seen, file)), config)


def read_mapping(file: Path) -> Mapping[str, object]:
    """The mapping in a YAML file. Raises BaseError if it holds anything else."""
    try:
        content = yaml.safe_load(file.read_text())
    except yaml.YAMLError as error:
        raise BaseError(f"{file} is not YAML: {error}") from error
    if not isinstance(content, Mapping):
        raise BaseError(f"{file} holds {content!r}, expected a mapping with keys such as run, models and tasks")
    return content


def _merged(below: Mapping, above: Mapping) -> dict:
    merged = dict(below)
    for key, value in above.items():
        both = isinstance(value, Mapping) and isinstance(below.get(key), Mapping)
        merged[key] = _merged(below[key], value) if both else value
    return merged
