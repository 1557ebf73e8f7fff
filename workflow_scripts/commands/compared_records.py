"""How the records of two runs differ: inputs, images, code, values, packages, machines; and where their files part.

Paths count from the run's own folder, so two runs may have different names.
"""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from pathlib import Path, PurePath

import yaml

from lib.provenance.records import Graph, Record, RecordError, read_all
from workflow_scripts.commands.lines import differing
from workflow_scripts.layout import Layout

MEASURED = ("peak_mib", "peak_gpu_mib")  # of a job, not of the machine


@dataclass(frozen=True)
class Jobs:
    """The finished jobs of a run, by the name of their record. made: files that one of them has written."""

    folder: Path
    records: Mapping[str, Record]
    made: frozenset[str]


def read(folder: Path) -> Jobs:
    """The jobs of the run in a folder. Raises RecordError for a broken record, and where there is none."""
    layout = Layout.of(_name(folder))
    graph = read_all(folder, PurePath(layout.records).name)
    if not graph.records:
        raise RecordError(f"{folder} holds no records: copy its folder provenance/ too")
    graph = Graph.of(tuple(_within(record, layout) for record in graph.records))
    return Jobs(folder, {record.file: record for record in graph.records}, frozenset(graph.makers))


def differences(first: Jobs, second: Jobs) -> Iterator[tuple[str, Counter[str]]]:
    """(kind, difference in words -> number of jobs that it concerns), for every kind with a difference."""
    both = [(first.records[name], second.records[name]) for name in first.records if name in second.records]
    made = first.made | second.made
    kinds = {
        "inputs from outside the run": lambda a, b: differing(_outside(a, b, made), _outside(b, a, made)),
        "code": lambda a, b: differing(a.params.get("code", {}), b.params.get("code", {})),
        "values": lambda a, b: differing(_without_code(a.params), _without_code(b.params)),
        "packages": lambda a, b: differing(_packages(a, b), _packages(b, a)),
        "machine": lambda a, b: differing(_machine(a), _machine(b)),
        "project": lambda a, b: differing(_project(a), _project(b)),
    }
    found = {"jobs of one run only": _unshared(first, second), "images": _images(first, second)}
    found |= {kind: Counter(words for pair in both for words in differ(*pair)) for kind, differ in kinds.items()}
    yield from ((kind, counts) for kind, counts in found.items() if counts)


@dataclass(frozen=True)
class Parting:
    """Files of a job that differ although the job read the same files and ran the same code on the same values.

    besides: kinds of what was recorded of the two jobs and does differ, in words.
    """

    record: Record
    files: tuple[str, ...]
    besides: tuple[str, ...]

    def __str__(self) -> str:
        reason = f"not equal: {'; '.join(self.besides)}" if self.besides else "nothing that was recorded differs"
        return f"{', '.join(self.files)} (rule {self.record.rule}; {reason})"


def partings(first: Jobs, second: Jobs) -> list[Parting]:
    """Where the runs part for no reason but the machine and its packages, in the order of the first run."""
    found = []
    for name, ours in first.records.items():
        theirs = second.records.get(name)
        if theirs is None or ours.params != theirs.params or not _read_the_same(ours, theirs):
            continue
        shared = sorted(ours.generated.keys() & theirs.generated.keys())
        files = tuple(path for path in shared if ours.generated[path] != theirs.generated[path])
        if files:
            found.append(Parting(ours, files, tuple(_besides(ours, theirs))))
    return sorted(found, key=lambda parting: (parting.record.startedAtTime, parting.record.file))


def _read_the_same(ours: Record, theirs: Record) -> bool:
    """Whether two jobs read the same contents, under whatever names."""
    return sorted(ours.used.values()) == sorted(theirs.used.values())


def _name(folder: Path) -> str:
    """The name that a run had when it was made."""
    try:
        return str(yaml.safe_load((folder / "config.yaml").read_text())["run"])
    except (OSError, KeyError, TypeError, yaml.YAMLError):
        return folder.resolve().name


def _within(record: Record, layout: Layout) -> Record:
    """A record with the run's paths, in files and params, counted from the run's folder."""

    def short(value: object) -> object:
        if isinstance(value, str):
            for start, name in ((layout.run, ""), (layout.scratch, "scratch/")):
                if value.startswith(f"{start}/"):
                    return name + value.removeprefix(f"{start}/")
        if isinstance(value, Mapping):
            return {short(key): short(entry) for key, entry in value.items()}
        return [short(entry) for entry in value] if isinstance(value, list) else value

    return replace(record, **{key: short(getattr(record, key)) for key in ("params", "used", "generated")})


def _unshared(first: Jobs, second: Jobs) -> Counter[str]:
    return Counter(
        f"{run.records[name].rule}, in {run.folder}"
        for run, other in ((first, second), (second, first))
        for name in run.records
        if name not in other.records
    )


def _images(first: Jobs, second: Jobs) -> Counter[str]:
    """Prepared splits whose images, labels or number differ, with the number of jobs that read them."""
    pattern = Layout("", "").split.format(task="*", split="*").lstrip("/")
    found: Counter[str] = Counter()
    for path in sorted(str(file.relative_to(first.folder)) for file in first.folder.glob(pattern)):
        ours, theirs = (_split(run.folder / path) for run in (first, second))
        changed = [key for key in ours if key in theirs and ours[key] != theirs[key]]
        if changed:
            readers = sum(path in record.used for record in first.records.values())
            found[f"{path}: {', '.join(changed)}"] = readers
    return found


def _split(path: Path) -> Mapping[str, object]:
    """What a split's file says; nothing if it is another kind of file."""
    try:
        held = json.loads(path.read_text())
    except (OSError, ValueError):
        return {}
    return held if isinstance(held, dict) and "images_sha256" in held else {}


def _outside(record: Record, other: Record, made: frozenset[str]) -> dict[str, str]:
    """What a job read that no job made, without what the other one read under another name."""
    known = set(other.used.values())
    return {path: digest for path, digest in record.used.items() if path not in made and digest not in known}


def _packages(record: Record, other: Record) -> dict[str, str]:
    """Those that both name: a job forked from a process that had imported more names more."""
    return {name: version for name, version in record.versions.items() if name in other.versions}


def _machine(record: Record) -> dict[str, object]:
    return {key: value for key, value in record.machine.items() if key not in MEASURED}


def _project(record: Record) -> dict[str, object]:
    return {"version": record.version, **record.code}


def _without_code(params: Mapping[str, object]) -> dict[str, object]:
    return {key: value for key, value in params.items() if key != "code"}


def _besides(ours: Record, theirs: Record) -> Iterator[str]:
    for kind, a, b in (
        ("packages", _packages(ours, theirs), _packages(theirs, ours)),
        ("machine", _machine(ours), _machine(theirs)),
        ("project", _project(ours), _project(theirs)),
    ):
        names = [name for name in dict.fromkeys([*a, *b]) if a.get(name) != b.get(name)]
        if names:
            yield f"{kind} {', '.join(names)}"
