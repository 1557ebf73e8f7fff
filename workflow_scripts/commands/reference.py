"""docs/configuration.md: every key of a configuration, from the schema that checks it, with the papers' value.

python -m workflow_scripts.commands.reference > docs/configuration.md
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from pathlib import Path

import yaml

from lib.data.datasets import DATASETS
from workflow_scripts.configuration.schema import schema

ROOT = Path(__file__).resolve().parents[2]
KINDS = ("grid", "job")  # definitions with a section of their own, where several keys share them
LIMITS = {"minimum": "≥", "exclusiveMinimum": ">", "maximum": "≤", "exclusiveMaximum": "<"}
OPTION_WORDS = """`expected_counts`: images by split, instead of those that the benchmark knows. `revision`: a
commit of the hub's repository; `label_order`: `as_listed`, `by_name` or `by_position`, where the hub's labels differ.
`path`: below `data_root`; `templates`: prompts with one `{}` each; `class_names`: folder to name. `kind`: which;
`train`, `test`: how many; `seed`: of the images or of the split."""
INTRODUCTION = """# Configuration

Every key, generated from `workflow_scripts/configuration/schema.yaml`, which checks a configuration before any job starts.
The papers' value is that of `config.yaml`, of its first entry where there are several. Keys with a `*` are always
needed. YAML reads `1e-5` as text: write `1.0e-5`.
"""


def document() -> str:
    """The whole page."""
    rules, papers = schema(), yaml.safe_load((ROOT / "config.yaml").read_text())
    known = rules["$defs"]
    kinds = [line for name in KINDS for line in _sections(name, known[name], None, known)]
    return "\n".join([INTRODUCTION, *_sections("", rules, papers, known), *kinds, _data_sets()])


def _data_sets() -> str:
    """What each data set is, and the options that its reader takes."""
    official = next(dataset for dataset in DATASETS.values() if dataset.official)
    rows = [("the papers' nine ([data.md](data.md))", set(), official.known)]
    own = (dataset for dataset in DATASETS.values() if not dataset.official)
    rows += [(f"`{dataset.name}`: {dataset.meaning}", dataset.needed, dataset.known) for dataset in own]
    lines = ["## options", "", "| data set | options |", "|:---|:---|"]
    for name, needed, options in rows:
        words = ", ".join(f"`{option}`{'*' * (option in needed)}" for option in sorted(options))
        lines.append(f"| {name} | {words} |")
    return "\n".join([*lines, "", OPTION_WORDS, ""])


def _sections(path: str, schema: Mapping, value: object, known: Mapping) -> Iterator[str]:
    """The table of an object, then those of the objects inside it."""
    below = []
    if path:
        yield f"## {path}\n"
    yield "| key | value | papers | |\n|:---|:---|:---|:---|"
    for key, entry in schema["properties"].items():
        kind, entry = _kind(entry), _resolved(entry, known)
        there = value.get(key) if isinstance(value, Mapping) else None
        inner, first = (None, None) if kind else _inner(entry, there, known)
        if inner:
            below.append((f"{path}.{key}".lstrip("."), inner, first))
        name = f"`{key}`{'*' if key in schema.get('required', ()) else ''}"
        words = f"[{kind}](#{kind})" if kind else _values(entry, known)
        yield f"| {name} | {words} | {'' if inner else _shown(there)} | {entry.get('description', '')} |"
    yield ""
    for name, inner, first in below:
        for index, form in enumerate(inner.get("oneOf", [inner])):
            yield from _sections(f"{name}{' of the hub' * (index > 0)}", form, first, known)


def _kind(entry: Mapping) -> str | None:
    name = entry.get("$ref", "").rpartition("/")[2]
    return name if name in KINDS else None


def _inner(entry: Mapping, value: object, known: Mapping) -> tuple[Mapping | None, object]:
    """The object that a key holds, or that its list's entries are, with its value in the papers' configuration."""
    if entry.get("type") == "array":
        entry, value = _resolved(entry["items"], known), value[0] if value else None
    return (entry if "properties" in entry or "oneOf" in entry else None), value


def _resolved(entry: Mapping, known: Mapping) -> Mapping:
    """An entry with what it refers to; its own keys come first."""
    return {**known.get(entry.get("$ref", "").rpartition("/")[2], {}), **entry}


def _values(entry: Mapping, known: Mapping) -> str:
    """What a key may hold, in words."""
    if "enum" in entry:
        return ", ".join(f"`{value}`" for value in entry["enum"])
    kind = entry.get("type", "object")
    if kind == "array":
        return f"list: {_values(_resolved(entry['items'], known), known)}"
    kinds = [kind] if isinstance(kind, str) else kind
    words = " or ".join({"object": "mapping", "string": "text"}.get(name, name) for name in kinds)
    return ", ".join([words, *(f"{sign} {entry[name]}" for name, sign in LIMITS.items() if name in entry)])


def _shown(value: object) -> str:
    if value is None:
        return ""
    return f"`{yaml.safe_dump(value, default_flow_style=True, sort_keys=False, width=1000).split(chr(10))[0]}`"


if __name__ == "__main__":
    print(document(), end="")
