"""Records of finished jobs, and what follows from them: which job made a file, and from what.

The words are those of W3C PROV: a job is an activity that used some entities (files) and generated others, associated
with agents (code at a commit, packages, a machine).
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

KEYS = {
    "version": str,
    "rule": str,
    "wildcards": dict,
    "params": dict,
    "used": dict,
    "generated": dict,
    "code": dict,
    "versions": dict,
    "machine": dict,
    "startedAtTime": str,
    "endedAtTime": str,
    "seconds": (int, float),
}


class RecordError(ValueError):
    """A record that cannot be read; the message names it, what it holds and the next step."""


@dataclass(frozen=True)
class Record:
    """One finished job. used, generated: path -> sha256, paths relative to the folder that the run was started in."""

    file: str
    version: str
    rule: str
    wildcards: Mapping[str, str]
    params: Mapping[str, object]
    used: Mapping[str, str]
    generated: Mapping[str, str]
    code: Mapping[str, object]
    versions: Mapping[str, str]
    machine: Mapping[str, object]
    startedAtTime: str
    endedAtTime: str
    seconds: float

    @property
    def name(self) -> str:
        """The rule and its wildcards, as in "finetune ViT-B-32 0 linear Cars"."""
        return " ".join([self.rule, *self.wildcards.values()])


def read(root: Path, file: str) -> Record:
    """The record in `file`, a path relative to `root`. Raises RecordError unless it has KEYS, and no other."""
    try:
        content = json.loads((root / file).read_text())
    except (OSError, ValueError) as error:
        raise RecordError(f"{file} is no record ({error}): restore it, or run its rule again") from error
    wrong = KEYS.keys() ^ content.keys() if isinstance(content, dict) else KEYS.keys()
    wrong = wrong or {key for key, kind in KEYS.items() if not isinstance(content[key], kind)}
    if wrong:
        raise RecordError(
            f"{file} is no record: {', '.join(sorted(wrong))} missing, unknown or of another type; restore it, or run "
            "its rule again"
        )
    return Record(file=file, **content)


@dataclass(frozen=True)
class Graph:
    """All records of a run. makers: path of a file -> the record of the job that generated it."""

    records: tuple[Record, ...]
    makers: Mapping[str, Record]

    @classmethod
    def of(cls, records: tuple[Record, ...]) -> Graph:
        """The graph of these records; of two that claim one file, the later one by name counts."""
        return cls(records, {path: record for record in records for path in record.generated})


def read_all(root: Path, folder: str) -> Graph:
    """The graph of all records below `folder`, a path relative to `root`. Raises RecordError for a broken one."""
    files = sorted(str(file.relative_to(root)) for file in (root / folder).rglob("*.json"))
    return Graph.of(tuple(read(root, file) for file in files))
