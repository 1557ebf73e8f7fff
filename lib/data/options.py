"""The options of data sets: what each means and which values it takes, in one place.

The configuration's check, its messages and docs/configuration.md all come from here. `schema` uses the words of JSON
Schema; what a source needs to be read is `needed`.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from lib.data.readers.hub import LABEL_ORDERS


@dataclass(frozen=True)
class Option:
    """An option of a data set: what it means, the values that it takes, and whether it must be there."""

    meaning: str
    schema: Mapping[str, object]
    needed: bool = False


_NUMBER = {"type": "integer", "minimum": 1, "maximum": 10_000_000}
_LINE = r"[^\x00-\x1f\x7f]+"
_INSIDE = r"(?!.*(^|/)\.\.?(/|$))[^/\x00-\x1f\x7f]+(/[^/\x00-\x1f\x7f]+)*/?"
_PROMPT = r"[^{}\x00-\x1f\x7f]*\{\}[^{}\x00-\x1f\x7f]*"

TRAIN = Option("number of images to train on", _NUMBER, needed=True)
TEST = Option("number of images to test on", _NUMBER, needed=True)
SEED = Option("seed of the images", {"type": "integer", "minimum": 0, "maximum": 2**63 - 1}, needed=True)
EXPECTED_COUNTS = Option(
    "number of images by split, if not the benchmark's",
    {
        "type": "object",
        "additionalProperties": False,
        "required": ["train", "test"],
        "properties": dict.fromkeys(("train", "val", "test"), _NUMBER),
    },
)
FOLDER = {"expected_counts": EXPECTED_COUNTS}
HUB = {
    "expected_counts": EXPECTED_COUNTS,
    "revision": Option(
        "another commit of the hub's repository",
        {"type": "string", "pattern": "[0-9a-f]{40}", "description": "a full commit hash, 40 hexadecimal digits"},
    ),
    "label_order": Option(
        "if the hub's labels differ from the benchmark's: `as_listed` refuses them, `by_name` follows their names, "
        "`by_position` follows their numbers",
        {"enum": list(LABEL_ORDERS)},
    ),
}
IMAGE_FOLDER = {
    "path": Option(
        "folder below `data_root`",
        {
            "type": "string",
            "maxLength": 1000,
            "pattern": _INSIDE,
            "description": "a path below data_root, without .. and not absolute",
        },
        needed=True,
    ),
    "templates": Option(
        "prompts, each with one `{}` for the class name",
        {
            "type": "array",
            "minItems": 1,
            "maxItems": 1000,
            "uniqueItems": True,
            "items": {
                "type": "string",
                "maxLength": 1000,
                "pattern": _PROMPT,
                "description": "a line with one {} for the class name and no other brace, such as 'a photo of a {}.'",
            },
        },
        needed=True,
    ),
    "class_names": Option(
        "folder -> class name, for every folder; without it, the folders' names with spaces for `_`",
        {
            "type": "object",
            "minProperties": 1,
            "maxProperties": 100_000,
            "additionalProperties": {
                "type": "string",
                "maxLength": 1000,
                "pattern": _LINE,
                "description": "a line of text",
            },
        },
    ),
    "expected_counts": EXPECTED_COUNTS,
}
DIGITS = 1797  # images that scikit-learn ships
SKLEARN_DIGITS = {
    "test": Option(
        f"number of the {DIGITS} images to test on",
        {"type": "integer", "minimum": 1, "maximum": DIGITS - 1},
        needed=True,
    ),
    "seed": Option("seed of the split into train and test", SEED.schema, needed=True),
}


_FILE = {
    "type": "string",
    "maxLength": 1000,
    "pattern": _INSIDE,
    "description": "the path of a file inside the repository, without .. and not absolute",
}
_COLUMN = {"type": "string", "maxLength": 200, "pattern": _LINE, "description": "the name of a column"}
HUB_TEXTS = {
    "repository": Option(
        "owner/name of a data set on the hub",
        {
            "type": "string",
            "maxLength": 200,
            "pattern": r"[A-Za-z0-9][A-Za-z0-9_.-]*/[A-Za-z0-9_.-]+",
            "description": "owner/name",
        },
        needed=True,
    ),
    "revision": Option("commit of the repository", HUB["revision"].schema, needed=True),
    "files": Option(
        "split -> parquet file or JSON lines inside the repository",
        {
            "type": "object",
            "additionalProperties": False,
            "required": ["train", "test"],
            "properties": dict.fromkeys(("train", "val", "test"), _FILE),
        },
        needed=True,
    ),
    "text": Option("column of texts", _COLUMN, needed=True),
    "label": Option("column of labels, whole numbers from 0", _COLUMN, needed=True),
    "class_names": Option(
        "class names in the order of the labels; where prompts are of texts, words that are one token each",
        {
            "type": "array",
            "minItems": 2,
            "maxItems": 1000,
            "uniqueItems": True,
            "items": {**_COLUMN, "description": "a line of text"},
        },
        needed=True,
    ),
    "templates": Option(
        "prompts, each with one `{}` for the class name; or, where prompts are of texts, one for the text, with a mask",
        IMAGE_FOLDER["templates"].schema,
        needed=True,
    ),
    "expected_counts": Option("number of texts by split", EXPECTED_COUNTS.schema, needed=True),
}


def faker_texts() -> dict[str, Option]:
    """Those of texts that Faker makes, with the kinds that it knows."""
    from lib.synthetic.texts import KINDS

    kind = Option("what the texts are", {"enum": list(KINDS)}, needed=True)
    train, test = (Option(f"number of texts to {split} on", _NUMBER, needed=True) for split in ("train", "test"))
    return {"kind": kind, "train": train, "test": test, "seed": Option("seed of the texts", SEED.schema, needed=True)}


def synthetic() -> dict[str, Option]:
    """Those of images that code draws, with the kinds that it knows: loads what draws them."""
    from lib.synthetic.world import KINDS

    kind = Option("what the images show", {"enum": list(KINDS)}, needed=True)
    return {"kind": kind, "train": TRAIN, "test": TEST, "seed": SEED}
