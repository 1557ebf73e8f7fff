"""What made a file: digests of code and files, versions of packages, the device."""

from __future__ import annotations

import ast
import hashlib
import os
import platform
import subprocess
from collections.abc import Iterable
from functools import cache
from importlib import metadata
from pathlib import Path

PACKAGES = (
    "torch",
    "torchvision",
    "open_clip_torch",
    "numpy",
    "pandas",
    "pillow",
    "safetensors",
    "snakemake",
    "matplotlib",
)


@cache
def code_digest(root: Path, script: str, packages: tuple[str, ...] = ("lib", "workflow_scripts")) -> str:
    """sha256 over the syntax trees of `script` and of each project module that it reaches by imports.

    root: the folder that holds the packages. Comments, docstrings and layout do not count; a changed statement in any
    module that is reached does. Imports inside functions count.
    """
    digest = hashlib.sha256()
    for path in reached_modules(root, script, packages):
        digest.update(str(path.relative_to(root)).encode())
        digest.update(_bare_tree(path).encode())
    return digest.hexdigest()[:16]


@cache
def reached_modules(root: Path, script: str, packages: tuple[str, ...]) -> tuple[Path, ...]:
    """The files of `script` and of the project modules it imports, directly or not, sorted by path."""
    found, queue = set(), [root / script]
    while queue:
        path = queue.pop()
        if path not in found:
            found.add(path)
            queue.extend(_imported_files(root, path, packages))
    return tuple(sorted(found))


@cache
def file_digest(path: Path) -> str:
    """sha256 of a file's bytes."""
    with open(path, "rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def commit(root: Path) -> dict[str, object]:
    """The git commit of the project and whether tracked files differ from it; commit None outside a checkout."""

    def git(*words: str) -> str:
        return subprocess.run(
            ["git", "-C", str(root), *words], capture_output=True, text=True, check=True
        ).stdout.strip()

    try:
        return {
            "commit": git("rev-parse", "HEAD"),
            "modified": bool(git("status", "--porcelain", "--untracked-files=no")),
        }
    except (subprocess.CalledProcessError, FileNotFoundError):
        return {"commit": None, "modified": None}


def versions() -> dict[str, str]:
    """Versions of Python and of the packages that results depend on."""
    return {"python": platform.python_version()} | {name: _version(name) for name in PACKAGES}


def machine() -> dict[str, object]:
    """Processor, cores and system."""
    return {"system": platform.platform(), "processor": platform.machine(), "cores": os.cpu_count()}


def _version(name: str) -> str:
    try:
        return metadata.version(name)
    except metadata.PackageNotFoundError:
        return "absent"


@cache
def _bare_tree(path: Path) -> str:
    tree = ast.parse(path.read_text(), filename=str(path))
    for node in ast.walk(tree):
        documented = isinstance(node, ast.Module | ast.FunctionDef | ast.ClassDef | ast.AsyncFunctionDef)
        if documented and ast.get_docstring(node, clean=False) is not None:
            node.body = node.body[1:]
    return ast.dump(tree)


@cache
def _imported_files(root: Path, path: Path, packages: tuple[str, ...]) -> tuple[Path, ...]:
    files = []
    for node in ast.walk(ast.parse(path.read_text(), filename=str(path))):
        for name in _imported_names(root, path, node):
            if name.split(".")[0] in packages:
                files.extend(_module_files(root, name))
    return tuple(files)


def _imported_names(root: Path, path: Path, node: ast.AST) -> Iterable[str]:
    if isinstance(node, ast.Import):
        return [alias.name for alias in node.names]
    if isinstance(node, ast.ImportFrom):
        base = node.module or ""
        if node.level:
            package = path.relative_to(root).with_suffix("").parts[: -node.level]
            base = ".".join([*package, *([base] if base else [])])
        return [base, *(f"{base}.{alias.name}" for alias in node.names)]
    return []


def _module_files(root: Path, name: str) -> list[Path]:
    parts = name.split(".")
    inits = [root.joinpath(*parts[:i], "__init__.py") for i in range(1, len(parts) + 1)]
    return [path for path in [*inits, root.joinpath(*parts).with_suffix(".py")] if path.is_file()]
