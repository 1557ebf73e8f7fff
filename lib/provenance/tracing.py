"""The chain behind a file of a run: the jobs that made it and what they used, as a tree and as a flowchart."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field

from lib.provenance.records import Graph, Record

DIGITS = 12  # of a sha256, as shown
Keep = Callable[[Record, str], bool]


@dataclass(frozen=True)
class Node:
    """A file of the chain. digest: its sha256 as the job above it found it, None if no record tells it.

    maker: the job that made it, None for a file from outside the run. inputs: what that job used, each file's own chain
    once. repeated: what it used that stands in the tree already.
    """

    file: str
    digest: str | None
    maker: Record | None
    inputs: tuple[Node, ...] = ()
    repeated: tuple[str, ...] = ()

    @property
    def made(self) -> str | None:
        """The sha256 that the maker wrote."""
        return None if self.maker is None else self.maker.generated[self.file]

    @property
    def broken(self) -> bool:
        """Whether what was used is not what the record of its maker says was made."""
        return None not in (self.digest, self.made) and self.digest != self.made

    def walk(self) -> Iterator[Node]:
        """This file and everything below it, depth first."""
        yield self
        for node in self.inputs:
            yield from node.walk()


@dataclass
class _Seen:
    files: set[str] = field(default_factory=set)
    jobs: set[str] = field(default_factory=set)


def behind(
    graph: Graph, file: str, *, keep: Keep = lambda user, used: True, rank: Callable[[str], int] = lambda file: 0
) -> Node:
    """The tree behind a file. keep: which of a job's inputs count; rank: their order, equal ones as the job lists them.

    The inputs of a job are told once, below the first of its files that appears.
    """
    maker = graph.makers.get(file)
    return _behind(graph, file, None if maker is None else maker.generated[file], keep, rank, _Seen())


def _behind(graph: Graph, file: str, digest: str | None, keep: Keep, rank: Callable, seen: _Seen) -> Node:
    maker = graph.makers.get(file)
    seen.files.add(file)
    if maker is None or maker.file in seen.jobs:
        return Node(file, digest, maker)
    seen.jobs.add(maker.file)
    inputs, repeated = [], []
    for used in sorted((used for used in maker.used if keep(maker, used)), key=rank):
        if used in seen.files:
            repeated.append(used)
        else:
            inputs.append(_behind(graph, used, maker.used[used], keep, rank, seen))
    return Node(file, digest, maker, tuple(inputs), tuple(repeated))


def lines(
    root: Node, *, name: Callable[[str], str], details: Callable[[Node], list[str]] = lambda node: []
) -> Iterator[str]:
    """The tree as text, a line per file: what it is, the file, digits of its sha256, rule, duration, host.

    name: what a file is, in words; details: further lines below it, told once a job.
    """
    yield from _lines(root, "", "", name, details, set())


def _lines(node: Node, first: str, rest: str, name: Callable, details: Callable, told: set[str]) -> Iterator[str]:
    yield f"{first}{name(node.file)}  {node.file}  {_facts(node)}"
    new = node.maker is None or node.maker.file not in told
    told.update([] if node.maker is None else [node.maker.file])
    below = [*(details(node) if new else [])]
    if node.repeated:
        below.append(f"also used, shown above: {_counted(node.repeated, name)}")
    stem = "│  " if node.inputs else "   "
    yield from (f"{rest}{stem}{text}" for text in below)
    for i, child in enumerate(node.inputs):
        last = i == len(node.inputs) - 1
        yield from _lines(
            child, f"{rest}{'└─ ' if last else '├─ '}", f"{rest}{'   ' if last else '│  '}", name, details, told
        )


def mermaid(root: Node, *, name: Callable[[str], str]) -> Iterator[str]:
    """The tree as a Mermaid flowchart, from sources to the result: a box a file, an arrow a use."""
    nodes = {node.file: node for node in root.walk()}
    keys = {file: f"n{i}" for i, file in enumerate(nodes)}
    yield "flowchart BT"
    for file, node in nodes.items():
        text = "<br/>".join([name(file), file.replace('"', "'"), _facts(node)])
        yield f'    {keys[file]}["{text}"]'
    for file, node in nodes.items():
        for used in [*(child.file for child in node.inputs), *node.repeated]:
            yield f"    {keys[used]} --> {keys[file]}"


def commits(root: Node) -> Mapping[str, int]:
    """Commit of the code -> how many jobs of the chain ran with it."""
    found: dict[str, int] = {}
    jobs = {node.maker.file: node.maker for node in root.walk() if node.maker is not None}
    for record in jobs.values():
        commit = str(record.code.get("commit") or "no commit")[:DIGITS]
        key = f"{commit}{' with changes' if record.code.get('modified') else ''}"
        found[key] = found.get(key, 0) + 1
    return found


def duration(seconds: float) -> str:
    """Seconds for people: "3.1 s", "4 min 05 s", "2 h 03 min"."""
    if seconds < 60:
        return f"{seconds:.1f} s"
    minutes, rest = divmod(round(seconds), 60)
    return f"{minutes} min {rest:02d} s" if minutes < 60 else f"{minutes // 60} h {minutes % 60:02d} min"


def _facts(node: Node) -> str:
    digest = (node.digest or "no digest")[:DIGITS]
    if node.maker is None:
        return f"{digest}  from outside the run"
    broken = f"  BROKEN: its job made {node.made[:DIGITS]}, run snakemake again" if node.broken else ""
    return f"{digest}  {node.maker.rule}, {duration(node.maker.seconds)}, {node.maker.machine.get('host', '?')}{broken}"


def _counted(files: tuple[str, ...], name: Callable[[str], str]) -> str:
    """ "theta_0, 2 x head"."""
    counts: dict[str, int] = {}
    for file in files:
        counts[name(file)] = counts.get(name(file), 0) + 1
    return ", ".join(what if count == 1 else f"{count} x {what}" for what, count in counts.items())
