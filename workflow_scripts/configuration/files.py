"""One configuration file, read strictly: what YAML would let pass in silence is refused, with its line."""

from __future__ import annotations

import json
import re
from collections import Counter
from collections.abc import Callable, Mapping
from pathlib import Path

import yaml

NO_JOB = "the configuration cannot run; no job was started."
MOST_BYTES = 1_000_000
MOST_VALUES = 100_000  # with every alias written out
_PLAIN_INTEGER = re.compile(r"[-+]?(0|[1-9][0-9]*)")
_INTEGER, _TEXT, _MERGE = (f"tag:yaml.org,2002:{kind}" for kind in ("int", "str", "merge"))
_BEGIN = "start from a copy of config.yaml"


class FileError(ValueError):
    """A configuration, or its base, that is absent or none; the message names the file and, where there is one, the
    line.
    """


def read_mapping(file: Path) -> dict[str, object]:
    """The mapping in a YAML or JSON file, as `yaml.safe_load` gives it.

    Raises FileError for a file that is absent, no regular file, empty, above MOST_BYTES, not UTF-8, not YAML; for two
    documents, a key that is there twice or is no text, an alias that is undefined or holds itself, numbers that YAML
    1.1 reads in another base, and more than MOST_VALUES values.
    """
    text = _text(file)
    if file.suffix == ".json":
        return _json(file, text)
    return _parsed(file, text, _mapping)


def read_value(key: str, text: str) -> object:
    """A value of --config: YAML, and numbers such as 1e-5 as Snakemake reads them there. Empty text is None.

    Raises FileError.
    """
    return _numbers(_parsed(f"--config {key}", text, lambda loader, node: node))


def _parsed(source: Path | str, text: str, required: Callable[[_Lines, yaml.Node | None], yaml.Node | None]) -> object:
    """The one document in a text, checked. required: the node that must be there, from the one that is."""
    try:
        loader = _Lines(source, text)
        node = required(loader, loader.get_single_node())
        if node is None:
            return None
        _Check(loader).node(node)
        return loader.construct_document(node)
    except yaml.MarkedYAMLError as error:
        raise loader.refused(error) from error
    except yaml.reader.ReaderError as error:
        line = text.count("\n", 0, error.position) + 1
        raise FileError(f"{source}, line {line} is not YAML: {error.reason}; remove the character") from error
    except FileError:
        raise
    except (RecursionError, ValueError, OverflowError) as error:
        raise FileError(f"{source} is not YAML: {error}; correct the value") from error


def _mapping(loader: _Lines, node: yaml.Node | None) -> yaml.Node:
    if node is None:
        raise FileError(f"{loader.file} is empty, expected keys such as run, models and tasks; {_BEGIN}")
    if not isinstance(node, yaml.MappingNode):
        raise FileError(
            f"{loader.file} holds {loader.words(node)}, expected a mapping with keys such as run, models and tasks; "
            f"{_BEGIN}"
        )
    return node


def _numbers(value: object) -> object:
    """Texts that are numbers with an exponent, as numbers."""
    if isinstance(value, dict):
        return {key: _numbers(entry) for key, entry in value.items()}
    if isinstance(value, list):
        return [_numbers(entry) for entry in value]
    exponent = isinstance(value, str) and re.fullmatch(r"[-+]?\d+(\.\d*)?[eE][-+]?\d{1,3}", value)
    return float(value) if exponent else value


def _text(file: Path) -> str:
    if file.is_dir():
        raise FileError(f"the configuration {str(file)!r} is a folder; name a file in it, such as config.yaml")
    if not file.exists():
        raise FileError(f"there is no configuration {str(file)!r} below {Path.cwd()}; name a file, such as config.yaml")
    if not file.is_file():
        raise FileError(f"the configuration {str(file)!r} is no regular file; name one, such as config.yaml")
    try:
        size = file.stat().st_size
        data = b"" if size > MOST_BYTES else file.read_bytes()
    except OSError as error:
        raise FileError(f"{file} cannot be read: {error.strerror}; change its permissions") from error
    if size > MOST_BYTES:
        raise FileError(f"{file} has {size:,} bytes, expected a configuration of at most {MOST_BYTES:,}; {_BEGIN}")
    try:
        return data.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        line = data.count(b"\n", 0, error.start) + 1
        raise FileError(
            f"{file}, line {line} is not UTF-8 (byte {data[error.start]:#04x}); save the file as UTF-8"
        ) from error


def _json(file: Path, text: str) -> dict[str, object]:
    def distinct(pairs: list[tuple[str, object]]) -> dict[str, object]:
        twice = [key for key, count in Counter(key for key, _ in pairs).items() if count > 1]
        if twice:
            raise FileError(f"{file}: the key {twice[0]!r} is there twice in one mapping; remove one of the two")
        return dict(pairs)

    try:
        value = json.loads(text, object_pairs_hook=distinct)
    except json.JSONDecodeError as error:
        raise FileError(f"{file}, line {error.lineno} is not JSON: {error.msg}; correct it") from error
    except (RecursionError, ValueError) as error:
        if isinstance(error, FileError):
            raise
        raise FileError(f"{file} is not JSON: {error}; correct it") from error
    if not isinstance(value, Mapping):
        raise FileError(f"{file} holds {type(value).__name__}, expected a mapping with keys such as run; {_BEGIN}")
    return value


class _Lines(yaml.SafeLoader):
    """A loader that tells where things stand."""

    def __init__(self, file: Path | str, text: str):
        self.file = file
        super().__init__(text)

    def at(self, mark: yaml.Mark) -> str:
        return f"{self.file}, line {mark.line + 1}"

    def words(self, node: yaml.Node) -> str:
        """What a node holds, for a message."""
        if isinstance(node, yaml.SequenceNode):
            return f"a list of {len(node.value)} entries"
        return f"the text {node.value[:60]!r}" if node.tag == _TEXT else f"the value {node.value[:60]!r}"

    def refused(self, error: yaml.MarkedYAMLError) -> FileError:
        """What YAML says, with the line and the next step."""
        mark, problem = error.problem_mark or error.context_mark, error.problem or error.context
        if problem == "but found another document":
            problem, step = "a second document begins here", "keep one document, without the line ---"
        elif problem.startswith("found undefined alias"):
            step = "write the value out, or name it with & before the line that uses it"
        elif problem.startswith("could not determine a constructor"):
            problem, step = f"the tag {problem.rpartition(' ')[2]} is not known", "write a plain value"
        else:
            step = "correct the line: spaces, never tabs, indent; texts with special characters need quotes"
        return FileError(f"{self.at(mark)} is not YAML: {problem}; {step}")


class _Check:
    """A walk over the nodes of a document, each counted as often as aliases repeat it."""

    def __init__(self, loader: _Lines):
        self._loader, self._values, self._open = loader, {}, set()

    def node(self, node: yaml.Node) -> int:
        """The number of values below a node. Raises FileError."""
        if id(node) in self._open:
            raise FileError(f"{self._loader.at(node.start_mark)}: the value holds itself; write it out")
        if id(node) not in self._values:
            self._open.add(id(node))
            self._values[id(node)] = 1 + self._below(node)
            self._open.remove(id(node))
        if self._values[id(node)] > MOST_VALUES:
            at = self._loader.at(node.start_mark)
            raise FileError(f"{at}: more than {MOST_VALUES:,} values with all aliases written out; use fewer")
        return self._values[id(node)]

    def _below(self, node: yaml.Node) -> int:
        if isinstance(node, yaml.MappingNode):
            self._keys(node)
            return sum(self.node(value) for _, value in node.value)
        if isinstance(node, yaml.SequenceNode):
            return sum(map(self.node, node.value))
        if node.tag == _INTEGER and not _PLAIN_INTEGER.fullmatch(node.value):
            value = self._loader.construct_object(node)
            at = self._loader.at(node.start_mark)
            raise FileError(f"{at}: YAML reads {node.value} as {value}; write {value}, or quote it if it is text")
        return 0

    def _keys(self, node: yaml.MappingNode) -> None:
        lines: dict[str, int] = {}
        for key, _ in node.value:
            at = self._loader.at(key.start_mark)
            if key.tag == _MERGE:
                continue
            if key.tag != _TEXT:
                shown = key.value if isinstance(key, yaml.ScalarNode) else "a list or mapping"
                raise FileError(f"{at}: the key {shown} is no text to YAML; put it in quotes, or correct it")
            if key.value in lines:
                raise FileError(
                    f"{at}: the key {key.value!r} is there already in line {lines[key.value]}; remove one of the two"
                )
            lines[key.value] = key.start_mark.line + 1
