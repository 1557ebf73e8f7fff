"""The code digest: statements that a script reaches count, nothing else does."""

import pytest

from lib import provenance


@pytest.fixture
def project(tmp_path):
    files = {
        "lib/__init__.py": "",
        "lib/used.py": '"""Says what."""\nfrom lib import deeper\n\ndef f():\n    """Doc."""\n    return 1  # why\n',
        "lib/deeper.py": "VALUE = 1\n",
        "lib/other.py": "VALUE = 1\n",
        "workflow_scripts/script.py": "def main():\n    from lib.used import f\n    return f()\n",
    }
    for name, text in files.items():
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).write_text(text)
    return tmp_path


def digest(project):
    for cached in (
        provenance.code_digest,
        provenance.reached_modules,
        provenance._bare_tree,
        provenance._imported_files,
    ):
        cached.cache_clear()
    return provenance.code_digest(project, "workflow_scripts/script.py")


@pytest.mark.parametrize(
    ("file", "old", "new", "counts"),
    [
        ("lib/used.py", "return 1", "return 2", True),
        ("lib/deeper.py", "VALUE = 1", "VALUE = 2", True),
        ("workflow_scripts/script.py", "return f()", "return -f()", True),
        ("lib/other.py", "VALUE = 1", "VALUE = 2", False),
        ("lib/used.py", "# why", "# because", False),
        ("lib/used.py", "Says what.", "Says more.", False),
        ("lib/used.py", "Doc.", "Documentation.", False),
        ("lib/used.py", "def f():\n", "def f():\n\n", False),
    ],
)
def test_what_counts(project, file, old, new, counts):
    before = digest(project)
    text = (project / file).read_text()
    assert old in text
    (project / file).write_text(text.replace(old, new))
    assert (digest(project) != before) is counts


def test_fine_tuning_does_not_depend_on_figures():
    from pathlib import Path

    root = Path(__file__).resolve().parents[2]
    packages = ("lib", "workflow_scripts")
    names = {path.name for path in provenance.reached_modules(root, "workflow_scripts/training/finetune.py", packages)}
    assert {"finetune.py", "tangent_vit.py", "modes.py", "augment.py"} <= names
    assert not {"figures.py", "tables.py", "disentanglement.py", "coefficients.py"} & names
