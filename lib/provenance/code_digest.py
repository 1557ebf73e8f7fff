"""What of a program can change its results: digests of syntax trees, without what only people read.

Comments, docstrings, layout, annotations of arguments, and the texts of errors, log messages and progress bars do not
count. Every other statement of every module that a script reaches does.
"""

from __future__ import annotations

import ast
import builtins
import hashlib
import re
from collections.abc import Collection, Iterable, Mapping
from functools import cache
from pathlib import Path

PACKAGES = ("lib", "workflow_scripts")
_TOLD = {"logger", "note"}  # calls whose arguments are only shown: `logger.info(...)`
# of these calls the texts: `progress(rows, what="fit")`
_SHOWN = {"progress", "training_bar", "require_same_names", "check_classes"}
_UNSEEN_FIELDS = {"ctx", "kind", "type_comment", "type_params"}
_CLASS = re.compile(r"^class (\w+)\(([^)]*)\):", re.MULTILINE)
_ERRORS = {name for name, value in vars(builtins).items() if isinstance(value, type) and issubclass(value, Exception)}


def code_digests(root: Path, scripts: Iterable[str], *, outside: Collection[str] = ()) -> dict[str, str]:
    """File -> digest of its meaning, for the scripts and every project module that they reach by imports.

    root: the folder that holds PACKAGES; files are relative to it. Imports inside functions count. outside: files and
    folders (with a final /) that count for nothing; what only they import does not count either. Modules without a
    statement are left out.
    """
    files = reached_modules(root, tuple(scripts), tuple(outside))
    digests = {str(path.relative_to(root)): _digest(root, path, path.stat().st_mtime_ns) for path in files}
    return {file: digest for file, digest in digests.items() if digest}


def reached_modules(root: Path, scripts: tuple[str, ...], outside: tuple[str, ...] = ()) -> list[Path]:
    """The files of the scripts and of the project modules that they import, directly or not, sorted by path."""
    found, queue = set(), [root / script for script in scripts]
    while queue:
        path = queue.pop()
        if path not in found and not _lies_in(str(path.relative_to(root)), outside):
            found.add(path)
            queue.extend(_imported_files(root, path, path.stat().st_mtime_ns))
    return sorted(found)


def imported_packages(root: Path, files: Iterable[str]) -> set[str]:
    """The top-level names of all modules that these files import."""
    found = set()
    for path in (root / file for file in files):
        found.update(name.split(".")[0] for name in _imports(root, path, path.stat().st_mtime_ns) if name)
    return found


def counted_texts(root: Path, files: Iterable[str], *, words: int) -> Mapping[str, list[str]]:
    """Texts of at least so many words that do count, by file: where another wording would rerun something."""
    found = {}
    for file in files:
        constants = (node for node in ast.walk(_meaning(root, root / file)) if isinstance(node, ast.Constant))
        texts = [node.value for node in constants if isinstance(node.value, str) and len(node.value.split()) >= words]
        if texts:
            found[file] = texts
    return found


@cache
def error_classes(root: Path) -> frozenset[str]:
    """The names of all exceptions: Python's and those that the packages define."""
    bases: dict[str, set[str]] = {}
    for path in (path for package in PACKAGES for path in (root / package).rglob("*.py")):
        for name, parents in _CLASS.findall(path.read_text()):
            bases[name] = {parent.strip().rpartition(".")[2] for parent in parents.split(",")}
    known = set(_ERRORS)
    while new := {name for name, parents in bases.items() if parents & known} - known:
        known |= new
    return frozenset(known)


@cache
def _digest(root: Path, path: Path, mtime: int) -> str:
    """Of the module's meaning; "" if no statement is left."""
    tree = _meaning(root, path)
    if all(isinstance(node, ast.Pass) or _is_future(node) for node in tree.body):
        return ""
    return hashlib.sha256(_text(tree).encode()).hexdigest()[:16]


def _meaning(root: Path, path: Path) -> ast.Module:
    """The module's syntax tree without what people alone read."""
    return _Meaning(error_classes(root)).visit(ast.parse(path.read_text(), filename=str(path)))


def _text(node: object) -> str:
    """A tree as text; `ast.dump` would say the same otherwise in each version of Python."""
    if isinstance(node, ast.AST):
        fields = ((name, value) for name, value in ast.iter_fields(node) if name not in _UNSEEN_FIELDS)
        inside = ",".join(f"{name}={_text(value)}" for name, value in fields if value is not None and value != [])
        return f"{type(node).__name__}({inside})"
    if isinstance(node, list):  # `pass` stands where a docstring or a log message was
        return f"[{','.join(_text(child) for child in node if not isinstance(child, ast.Pass))}]"
    return repr(node)


class _Meaning(ast.NodeTransformer):
    def __init__(self, errors: Collection[str]):
        self._errors = errors

    def visit_Module(self, node):
        return self._without_docstring(node)

    def visit_FunctionDef(self, node):
        node.returns = None
        return self._without_docstring(node)

    def visit_ClassDef(self, node):
        if node.name in self._errors:  # what an exception says of itself
            node.body = [ast.Pass()]
            return node
        return self._without_docstring(node)

    def visit_arg(self, node):
        node.annotation = None
        return node

    def visit_Expr(self, node):
        if isinstance(node.value, ast.Call) and _parts(node.value.func) & _TOLD:
            return ast.Pass()
        return self.generic_visit(node)

    def visit_Assert(self, node):
        node.msg = None
        return self.generic_visit(node)

    def visit_Raise(self, node):
        node.cause = None
        return self.generic_visit(node)

    def visit_Call(self, node):
        if _last_name(node.func) in self._errors:
            node.args, node.keywords = [], []
        elif _last_name(node.func) in _SHOWN:
            node.args = [ast.Constant("") if _is_text(value) else value for value in node.args]
            node.keywords = [keyword for keyword in node.keywords if not _is_text(keyword.value)]
        return self.generic_visit(node)

    def _without_docstring(self, node):
        if ast.get_docstring(node, clean=False) is not None:
            node.body = node.body[1:] or [ast.Pass()]
        return self.generic_visit(node)


def _lies_in(file: str, places: Collection[str]) -> bool:
    return any(file == place or (place.endswith("/") and file.startswith(place)) for place in places)


def _is_future(node: ast.stmt) -> bool:
    return isinstance(node, ast.ImportFrom) and node.module == "__future__"


def _is_text(node: ast.expr) -> bool:
    return isinstance(node, ast.JoinedStr) or (isinstance(node, ast.Constant) and isinstance(node.value, str))


def _last_name(node: ast.expr) -> str:
    return node.attr if isinstance(node, ast.Attribute) else getattr(node, "id", "")


def _parts(node: ast.expr) -> set[str]:
    """All parts of a dotted name."""
    parts = {_last_name(node)}
    while isinstance(node, ast.Attribute):
        node = node.value
        parts.add(_last_name(node))
    return parts


@cache
def _imported_files(root: Path, path: Path, mtime: int) -> tuple[Path, ...]:
    names = (name for name in _imports(root, path, mtime) if name.split(".")[0] in PACKAGES)
    return tuple(file for name in names for file in _module_files(root, name))


@cache
def _imports(root: Path, path: Path, mtime: int) -> tuple[str, ...]:
    """The dotted names of everything that a file imports, "" for what cannot be a module."""
    found: list[str] = []
    for node in ast.walk(ast.parse(path.read_text(), filename=str(path))):
        if isinstance(node, ast.Import):
            found += [alias.name for alias in node.names]
        elif isinstance(node, ast.ImportFrom):
            package = path.relative_to(root).with_suffix("").parts[: -node.level] if node.level else ()
            base = ".".join([*package, *([node.module] if node.module else [])])
            found += [base, *(f"{base}.{alias.name}" for alias in node.names)]
    return tuple(dict.fromkeys(found))


def _module_files(root: Path, name: str) -> list[Path]:
    parts = name.split(".")
    inits = [root.joinpath(*parts[:i], "__init__.py") for i in range(1, len(parts) + 1)]
    return [path for path in [*inits, root.joinpath(*parts).with_suffix(".py")] if path.is_file()]
