"""Where and with what a job ran."""

import importlib
import os
import platform
import re
import subprocess
import sys
from importlib import metadata
from pathlib import Path

import pytest

from lib.provenance import record

ROOT = Path(__file__).resolve().parents[3]


@pytest.mark.parametrize(
    ("module", "distribution"),
    [("torch", "torch"), ("PIL", "pillow"), ("yaml", "PyYAML"), ("open_clip", "open_clip_torch")],
)
def test_versions_are_those_of_the_distributions_of_imported_modules(module, distribution):
    importlib.import_module(module)
    known = {re.sub(r"[-_.]+", "-", name).lower(): version for name, version in record.versions().items()}
    assert known[re.sub(r"[-_.]+", "-", distribution).lower()] == metadata.version(distribution)
    assert module == distribution or module not in record.versions()


def test_versions_name_python_and_nothing_that_was_not_imported():
    program = (
        "import sys; from lib.provenance import record; import yaml; found = record.versions(); "
        "print(found.pop('python'), sorted(found), 'torch' in sys.modules)"
    )
    done = subprocess.run([sys.executable, "-c", program], cwd=ROOT, capture_output=True, text=True, check=True)
    python, _, rest = done.stdout.strip().partition(" ")
    assert python == platform.python_version()
    assert "PyYAML" in rest or "pyyaml" in rest
    assert "torch" not in rest.partition("]")[0] and rest.endswith("False")


def test_the_distributions_of_every_module_are_those_of_the_standard_library():
    known = metadata.packages_distributions().items()
    theirs = {module: set(names) for module, names in known if module.isidentifier()}
    ours = {module: {one.name for one in found} for module, found in record._distributions().items()}
    assert len(theirs) > 50 and {module: ours[module] for module in theirs} == theirs


def test_of_modules_without_a_distribution_nothing_is_told():
    assert record.installed(["json", "lib", "no_such_module"]) == {}
    found = record.installed(["PIL", "numpy", "numpy"])
    assert list(found) == sorted(found) and len(found) == 2


def test_the_machine_is_named():
    found = record.machine()
    assert found["cores"] == os.cpu_count() and found["system"] == platform.platform()
    cpuinfo = Path("/proc/cpuinfo")
    names = re.findall(r"^model name\s*: (.+)$", cpuinfo.read_text(), re.MULTILINE) if cpuinfo.exists() else []
    assert found["processor"] == (names[0].strip() if names else found["processor"]) != ""


def test_a_system_that_names_no_processor_gives_the_kind_of_machine(monkeypatch):
    monkeypatch.setattr(record.Path, "read_text", lambda self: "processor\t: 0\nBogoMIPS\t: 50.00\n")
    assert record.machine()["processor"] == platform.machine()

    def absent(self):
        raise FileNotFoundError

    monkeypatch.setattr(record.Path, "read_text", absent)
    assert record.machine()["processor"] in (platform.processor(), platform.machine())


@pytest.fixture
def checkout(tmp_path):
    def git(*words):
        identity = ["-c", "user.name=a", "-c", "user.email=a@example.org"]
        return subprocess.run(["git", "-C", tmp_path, *identity, *words], capture_output=True, text=True, check=True)

    git("init", "--quiet")
    (tmp_path / "file").write_text("a")
    git("add", "file")
    git("commit", "--quiet", "--message", "first")
    return tmp_path, git("rev-parse", "HEAD").stdout.strip()


def test_a_commit_and_whether_files_differ_from_it(checkout):
    root, commit = checkout
    assert record.commit(root) == {"commit": commit, "modified": False}
    (root / "another").write_text("not tracked")
    assert record.commit(root) == {"commit": commit, "modified": False}
    (root / "file").write_text("b")
    assert record.commit(root) == {"commit": commit, "modified": True}


def test_outside_a_checkout_there_is_no_commit(tmp_path):
    assert record.commit(tmp_path) == {"commit": None, "modified": None}


def test_without_git_there_is_no_commit(tmp_path, monkeypatch):
    monkeypatch.setenv("PATH", str(tmp_path))
    assert record.commit(tmp_path) == {"commit": None, "modified": None}
