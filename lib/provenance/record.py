"""Where and with what a job ran: commit, packages, machine."""

from __future__ import annotations

import os
import platform
import re
import resource
import subprocess
import sys
from collections.abc import Iterable
from functools import cache
from importlib import metadata
from pathlib import Path


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
    """Python's version, and that of every installed distribution that this process has imported a module of."""
    tops = {name.partition(".")[0] for name in list(sys.modules)}
    return {"python": platform.python_version()} | installed(tops)


def installed(modules: Iterable[str]) -> dict[str, str]:
    """Distribution -> version, for the distributions that give these top-level modules; others are left out."""
    known = _distributions()
    found = {one.name: one.version for module in modules for one in known.get(module, ())}
    return dict(sorted(found.items()))


def machine() -> dict[str, object]:
    """Processor, cores, system, and the greatest memory in MiB that this process or one of its children held."""
    peak = max(resource.getrusage(who).ru_maxrss for who in (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN))
    return {
        "system": platform.platform(),
        "processor": _processor(),
        "cores": os.cpu_count(),
        "peak_mib": round(peak / 1024),
    }


def gpu_driver() -> str | None:
    """The version of NVIDIA's driver, None where the system does not tell it."""
    try:
        found = re.search(r"Kernel Module\s+(?:for \S+\s+)?([\d.]+)", Path("/proc/driver/nvidia/version").read_text())
    except OSError:
        return None
    return found[1] if found else None


@cache
def _distributions() -> dict[str, list[metadata.Distribution]]:
    """Top-level module -> distributions. `metadata.packages_distributions` finds the same by the path of every file,
    which takes each job a quarter of a second.
    """
    found: dict[str, list[metadata.Distribution]] = {}
    for distribution in metadata.distributions():
        tops = (distribution.read_text("top_level.txt") or "").split()
        if not tops:  # of each file's line, what stands before the first slash
            lines = (distribution.read_text("RECORD") or "").splitlines()
            tops = dict.fromkeys(re.split(r"[/.,]", line, maxsplit=1)[0] for line in lines)
        for top in filter(str.isidentifier, tops):
            found.setdefault(top, []).append(distribution)
    return found


def _processor() -> str:
    """The model's name where the system tells it, else the kind of machine."""
    try:
        lines = Path("/proc/cpuinfo").read_text().splitlines()
    except OSError:
        return platform.processor() or platform.machine()
    names = [line.partition(":")[2].strip() for line in lines if line.startswith("model name")]
    return names[0] if names else platform.machine()
