"""The schema of a configuration, with the names that the registries hold, and its errors in words.

schema.yaml says `enum: $modes` and the like; the registries are the one source of those names, for the check, its
messages and docs/configuration.md alike.
"""

from __future__ import annotations

import difflib
import math
import re
import reprlib
from collections.abc import Iterator, Mapping, Sequence
from functools import cache
from pathlib import Path

import jsonschema
import yaml

from lib.data.datasets import DATASETS
from lib.editing.merging_rules import RULES
from lib.models.text_configurations import PROMPTS
from lib.training.modes import MODES

FILE = Path(__file__).with_name("schema.yaml")


@cache
def schema() -> dict:
    """The JSON schema of a configuration."""
    return _filled(yaml.safe_load(FILE.read_text()))


# kind of run -> keys of the other kind: of the run, of a model
_ABSENT = {
    "image": (("texts",), ("logit_scale", "configuration")),
    "text": (
        ("image_size", "train_short_side"),
        ("architecture", "architectures", "vocabulary", "activation", "image_tower", "modes"),
    ),
}


def schema_of(kind: str) -> dict:
    """The JSON schema of a run on images or on texts: that of all configurations without what concerns the other."""
    of_run, of_model = _ABSENT[kind]
    model = _without(schema()["$defs"]["model"], of_model)
    return {**_without(schema(), of_run), "$defs": {**schema()["$defs"], "model": model}}


def _without(rules: Mapping, names: Sequence[str]) -> dict:
    """The rules of a mapping without these keys."""
    return {
        **rules,
        "required": [name for name in rules["required"] if name not in names],
        "properties": {name: entry for name, entry in rules["properties"].items() if name not in names},
    }


def faults(config: Mapping[str, object]) -> Iterator[str]:
    """What the schema finds wrong: for each fault its key, what it holds and what it should."""
    yield from _faults(schema_of("text" if "texts" in config else "image"), dict(config))


def option_faults(key: str, dataset: str, source: str | None, options: Mapping[str, object]) -> Iterator[str]:
    """What is wrong with the options of a data set, below `key`; see `lib.data.datasets.DataSet.options`."""
    yield from _faults(options_schema(dataset, source), dict(options), key)


@cache
def options_schema(dataset: str, source: str | None) -> dict:
    """The JSON schema of a data set's options, as it is read from that source."""
    options = DATASETS[dataset].options(source)
    return {
        "type": "object",
        "additionalProperties": False,
        "required": [name for name, option in options.items() if option.needed],
        "properties": {name: option.schema for name, option in options.items()},
    }


def _faults(rules: Mapping, value: object, key: str = "") -> Iterator[str]:
    for error in _STRICT(rules).iter_errors(value):
        yield from _explain(error, key)


def _is_integer(checker: object, value: object) -> bool:
    return isinstance(value, int) and not isinstance(value, bool)


def _is_number(checker: object, value: object) -> bool:
    return _is_integer(checker, value) or (isinstance(value, float) and math.isfinite(value))


def _whole_text(
    validator: object, pattern: str, value: object, schema: Mapping
) -> Iterator[jsonschema.ValidationError]:
    """`pattern`, without the newline that Python's $ lets pass at the end."""
    if isinstance(value, str) and not re.fullmatch(pattern, value):
        yield jsonschema.ValidationError("")


# JSON Schema takes 2.0 for an integer and NaN for a number
_STRICT = jsonschema.validators.extend(
    jsonschema.Draft202012Validator,
    {"pattern": _whole_text},
    type_checker=jsonschema.Draft202012Validator.TYPE_CHECKER.redefine_many(
        {"integer": _is_integer, "number": _is_number}
    ),
)


def unknown_key(key: str, name: str, known: Sequence[str]) -> str:
    """The fault of a key that nothing reads, with the one that was meant."""
    close = difflib.get_close_matches(str(name), known, n=1)
    hint = f"did you mean {close[0]!r}?" if close else f"known keys: {', '.join(known) or 'none'}"
    return f"{key}: unknown key {shown(name)}; {hint}"


def _owners() -> list[str]:
    return [mode.name for mode in MODES.values() if mode.owns_checkpoints]


def _learning_rates() -> dict[str, dict]:
    return {owner: {"$ref": "#/$defs/positive", "description": _wanted_by(owner)} for owner in _owners()}


def _wanted_by(owner: str) -> str:
    users = [mode.name for mode in MODES.values() if mode.vectors_of == owner]
    named = f"the mode{'s'[: len(users) - 1]} {' and '.join(users)}"
    own = MODES[owner].recipe.get("learning_rate")
    return f"needed by {named}" if own is None else f"of {named}, which has {own} without it"


_NAMES = {
    "$modes": lambda: list(MODES),
    "$owners": _owners,
    "$learning_rates": _learning_rates,
    "$merging_rules": lambda: list(RULES),
    "$data_sets": lambda: list(DATASETS),
    "$prompts": lambda: list(PROMPTS),
}


def _filled(node: object) -> object:
    """The schema with the registries' names in the place of `$...`."""
    if isinstance(node, dict):
        return {key: _filled(value) for key, value in node.items()}
    if isinstance(node, list):
        return [_filled(value) for value in node]
    return _NAMES[node]() if isinstance(node, str) and node in _NAMES else node


def _explain(error: jsonschema.ValidationError, prefix: str) -> Iterator[str]:
    path = _path(error.absolute_path)
    key = ".".join(filter(None, [prefix, path])) or "top level"
    if error.validator == "additionalProperties":
        known = list(error.schema.get("properties", {}))
        yield from (unknown_key(key, name, known) for name in error.instance if name not in known)
    elif error.validator == "required":
        missing = [name for name in error.validator_value if name not in error.instance]
        yield f"{key}: {', '.join(missing)} is missing; add it (docs/configuration.md lists every key)"
    elif error.validator == "oneOf":  # of weights: tell what is wrong with the form that was meant
        told = error.instance if isinstance(error.instance, Mapping) else {}
        form = 0 if "file" in told else 2 if "package" in told else 1
        for inner in error.context:
            if inner.relative_schema_path[0] == form:
                yield from _explain(inner, prefix)
    else:
        yield f"{key}: got {shown(error.instance)}, expected {_expected(error)}{_hint(error)}"


def shown(value: object) -> str:
    """A value for a message, long ones cut."""
    text = _SHORT.repr(value)
    return text if len(text) <= 200 else f"{text[:150]} ... ({len(text)} characters)"


_SHORT = reprlib.Repr()
_SHORT.maxstring = _SHORT.maxother = 150
_SHORT.maxlist = _SHORT.maxtuple = _SHORT.maxdict = 20
_SHORT.maxlong = 40

_KINDS = {
    "integer": "a whole number",
    "number": "a number",
    "string": "text",
    "boolean": "true or false",
    "array": "a list",
    "object": "a mapping",
    "null": "null",
}


def kinds(entry: Mapping[str, object]) -> str:
    """The kinds of value that a schema's entry takes, in words."""
    listed = entry.get("type", "object")
    return " or ".join(_KINDS[kind] for kind in ([listed] if isinstance(listed, str) else listed))


def _hint(error: jsonschema.ValidationError) -> str:
    """What to write where YAML has read another kind of value than was meant."""
    value, wanted = error.instance, str(error.validator_value)
    if error.validator != "type":
        return ""
    if isinstance(value, str) and "number" in wanted:
        return _exponent(value)
    if isinstance(value, float) and "integer" in wanted and value.is_integer() and abs(value) < 2**53:
        return f"; write {int(value)}"
    if wanted == "string" and not isinstance(value, list | dict | None):
        return "; put it in quotes if it is meant as text"
    if wanted == "array" and not isinstance(value, list | dict | None):
        return f"; write [{shown(value)}] for one entry"
    return ""


def _exponent(text: str) -> str:
    """YAML 1.1 reads 1e-5 as text: a number with an exponent needs a decimal point, and its exponent a sign."""
    found = re.fullmatch(r"([+-]?\d+)(\.\d*)?e([+-]?)(\d+)", text, re.IGNORECASE)
    if not found:
        return ""
    whole, fraction, sign, exponent = found.groups()
    return f"; it is text to YAML: write {whole}{fraction or '.0'}e{sign or '+'}{exponent}"


def _expected(error: jsonschema.ValidationError) -> str:
    value, limit = error.validator_value, error.validator
    if limit == "type":
        return kinds({"type": value})
    if limit == "enum":
        return f"one of {', '.join(map(str, value))}"
    if limit == "pattern":
        return error.schema.get("description", f"text of the form {value}")
    return _LIMITS[limit].format(value)


_LIMITS = {
    "minimum": "a number of at least {}",
    "maximum": "a number of at most {}",
    "exclusiveMinimum": "a number above {}",
    "exclusiveMaximum": "a number below {}",
    "minItems": "at least {} entries",
    "maxItems": "at most {} entries",
    "minLength": "at least {} characters",
    "maxLength": "at most {} characters",
    "minProperties": "at least {} entries",
    "maxProperties": "at most {} entries",
    "uniqueItems": "entries that all differ",
}


def _path(keys: Sequence[str | int]) -> str:
    return "".join(f"[{key}]" if isinstance(key, int) else f".{key}" for key in keys).lstrip(".")
