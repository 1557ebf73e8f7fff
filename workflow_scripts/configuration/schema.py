"""The schema of a configuration, with the names that the registries hold, and its errors in words.

schema.yaml says `enum: $modes` and the like; the registries are the one source of those names, for the check, its
messages and docs/configuration.md alike.
"""

from __future__ import annotations

import difflib
import re
from collections.abc import Iterator, Mapping, Sequence
from functools import cache
from pathlib import Path

import jsonschema
import yaml

from lib.data.datasets import DATASETS
from lib.editing.merging_rules import RULES
from lib.training.modes import MODES

FILE = Path(__file__).with_name("schema.yaml")


@cache
def schema() -> dict:
    """The JSON schema of a configuration."""
    return _filled(yaml.safe_load(FILE.read_text()))


def faults(config: Mapping[str, object]) -> Iterator[str]:
    """What the schema finds wrong: for each fault its key, what it holds and what it should."""
    for error in jsonschema.Draft202012Validator(schema()).iter_errors(dict(config)):
        yield from _explain(error)


def unknown_key(key: str, name: str, known: Sequence[str]) -> str:
    """The fault of a key that nothing reads, with the one that was meant."""
    close = difflib.get_close_matches(name, known, n=1)
    hint = f"did you mean {close[0]!r}?" if close else f"known keys: {', '.join(known)}"
    return f"{key}: unknown key {name!r}; {hint}"


def _owners() -> list[str]:
    return [mode.name for mode in MODES.values() if mode.owns_checkpoints]


def _learning_rates() -> dict[str, dict]:
    users = {owner: [mode.name for mode in MODES.values() if mode.vectors_of == owner] for owner in _owners()}
    return {
        owner: {
            "$ref": "#/$defs/positive",
            "description": f"needed by the mode{'s'[: len(modes) - 1]} {' and '.join(modes)}",
        }
        for owner, modes in users.items()
    }


_NAMES = {
    "$modes": lambda: list(MODES),
    "$owners": _owners,
    "$learning_rates": _learning_rates,
    "$merging_rules": lambda: list(RULES),
    "$data_sets": lambda: list(DATASETS),
}


def _filled(node: object) -> object:
    """The schema with the registries' names in the place of `$...`."""
    if isinstance(node, dict):
        return {key: _filled(value) for key, value in node.items()}
    if isinstance(node, list):
        return [_filled(value) for value in node]
    return _NAMES[node]() if isinstance(node, str) and node in _NAMES else node


def _explain(error: jsonschema.ValidationError) -> Iterator[str]:
    key = _path(error.absolute_path) or "top level"
    if error.validator == "additionalProperties":
        known = list(error.schema.get("properties", {}))
        yield from (unknown_key(key, name, known) for name in error.instance if name not in known)
    elif error.validator == "required":
        missing = [name for name in error.validator_value if name not in error.instance]
        yield f"{key}: {', '.join(missing)} is missing; add it (docs/configuration.md lists every key)"
    elif error.validator == "oneOf":  # of weights: tell what is wrong with the form that was meant
        form = 0 if isinstance(error.instance, Mapping) and "file" in error.instance else 1
        for inner in error.context:
            if inner.relative_schema_path[0] == form:
                yield from _explain(inner)
    else:
        yield f"{key}: got {error.instance!r}, expected {_expected(error)}{_yaml_hint(error)}"


def _yaml_hint(error: jsonschema.ValidationError) -> str:
    """YAML 1.1 reads 1e-5 as text: a number with an exponent needs a decimal point, and its exponent a sign."""
    wants_number = error.validator == "type" and "number" in str(error.validator_value)
    found = re.fullmatch(r"([+-]?\d+)(\.\d*)?e([+-]?)(\d+)", str(error.instance), re.IGNORECASE)
    if not wants_number or not isinstance(error.instance, str) or not found:
        return ""
    whole, fraction, sign, exponent = found.groups()
    return f"; it is text to YAML: write {whole}{fraction or '.0'}e{sign or '+'}{exponent}"


def _expected(error: jsonschema.ValidationError) -> str:
    value = error.validator_value
    words = {
        "type": f"a value of type {' or '.join(value) if isinstance(value, list) else value}",
        "enum": f"one of {', '.join(map(str, value)) if isinstance(value, list) else value}",
        "minimum": f"a number of at least {value}",
        "maximum": f"a number of at most {value}",
        "exclusiveMinimum": f"a number above {value}",
        "exclusiveMaximum": f"a number below {value}",
        "minItems": f"at least {value} entries",
        "maxItems": f"at most {value} entries",
        "uniqueItems": "entries that all differ",
        "pattern": error.schema.get("description", f"text of the form {value}"),
    }
    return words.get(error.validator, error.message)


def _path(keys: Sequence[str | int]) -> str:
    return "".join(f"[{key}]" if isinstance(key, int) else f".{key}" for key in keys).lstrip(".")
