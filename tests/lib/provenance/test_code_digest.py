"""The code digest: what a script reaches and what that means counts, nothing else does."""

import shutil

import pytest

from lib.provenance.code_digest import code_digests, counted_texts, imported_packages, reached_modules
from lib.training.modes import MODES
from workflow_scripts.code import ROOT, code, evaluation_plugins, training_plugins

SCRIPT = "workflow_scripts/script.py"
FILES = {
    "lib/__init__.py": "",
    "lib/package/__init__.py": '"""Nothing but words."""\n',
    "lib/package/near.py": "from . import beside\nfrom .beside import VALUE\n",
    "lib/package/beside.py": "VALUE = 1\n",
    "lib/deeper.py": "VALUE = 1\n",
    "lib/late.py": "VALUE = 1\n",
    "lib/other.py": "VALUE = 1\n",
    "lib/shared.py": "VALUE = 1\n",
    "lib/recorded.py": "import lib.shared\nimport lib.only_recorded\nVALUE = 1\n",
    "lib/only_recorded.py": "VALUE = 1\n",
    "lib/folder/inside.py": "VALUE = 1\n",
    "lib/errors.py": '''
class OwnError(ValueError):
    """Says what is wrong."""

    def __init__(self, what, *, got):
        super().__init__(f"{what}: got {got}")


class MoreSpecialError(OwnError):
    """Says more."""


class Result:
    """Is no error."""

    limit = 3
''',
    "lib/used.py": '''"""Says what."""
from __future__ import annotations

import logging
import numpy as np
from lib import deeper, errors, shared
from lib.package import near

logger = logging.getLogger(__name__)


@staticmethod
def f(x: int, y: float = 2.0, *, verbose: bool = False) -> list[int]:
    """Doc."""
    total = 1  # why
    require_same_names(x, y, what="two vectors")
    logger.info("training on %s for %s", x, "a while")
    for row in progress(range(3), what="fit", unit="steps"):
        total += row * y
    if total < 0:
        raise ValueError(f"total is {total}, expected more. Next: look")
    if total > 9:
        raise errors.MoreSpecialError("total", got=total) from None
    assert total != 7, "seven is odd"
    return -total if verbose else [total, "kept text"]


def refused(total):
    """Doc of refused."""
    return errors.OwnError("refused", got=total)


class Keeper:
    """Doc of a class."""

    size: int = 4

    def keep(self, note):
        note("kept it")
        self.note("kept it again")
        self.saved = True
''',
    SCRIPT: "import lib.recorded\nfrom lib.folder import inside\n\ndef main():\n    from lib import late\n"
    "    from lib.used import f\n    return f(1)\n",
}
OUTSIDE = ("lib/recorded.py", "lib/folder/")

COUNTS = [
    # constants, statements, calls, operators
    ("lib/used.py", "total = 1 ", "total = 2 "),
    ("lib/used.py", "total = 1 ", "total = 1.0 "),
    ("lib/used.py", "total += row * y", "total -= row * y"),
    ("lib/used.py", "total += row * y", "total += row * y\n        total += 1"),
    ("lib/used.py", "        total += row * y", "        break"),
    ("lib/used.py", "total < 0", "total <= 0"),
    ("lib/used.py", "-total if", "total if"),
    ("lib/used.py", "kept text", "another text"),
    ("lib/used.py", "range(3)", "range(4)"),
    ("lib/used.py", "require_same_names(x, y", "require_same_names(y, x"),
    ("lib/used.py", "self.saved = True", "self.saved = False"),
    ("lib/used.py", "size: int = 4", "size: int = 5"),
    # names, defaults, decorators
    ("lib/used.py", "y: float = 2.0", "y: float = 3.0"),
    ("lib/used.py", "verbose: bool = False", "verbose: bool = True"),
    ("lib/used.py", "@staticmethod", "@classmethod"),
    ("lib/used.py", "import numpy as np", "import torch as np"),
    # which error, and when; which check
    ("lib/used.py", "raise ValueError", "raise KeyError"),
    ("lib/used.py", "raise errors.MoreSpecialError", "raise errors.OwnError"),
    ("lib/used.py", "total > 9", "total > 8"),
    ("lib/used.py", "total != 7", "total != 6"),
    ("lib/errors.py", "class MoreSpecialError(OwnError)", "class MoreSpecialError(ValueError)"),
    ("lib/errors.py", "limit = 3", "limit = 4"),
    # everything that is reached
    ("lib/deeper.py", "VALUE = 1", "VALUE = 2"),
    ("lib/late.py", "VALUE = 1", "VALUE = 2"),
    ("lib/package/beside.py", "VALUE = 1", "VALUE = 2"),
    ("lib/shared.py", "VALUE = 1", "VALUE = 2"),
    ("lib/package/__init__.py", '"""Nothing but words."""', "VALUE = 1"),
    (SCRIPT, "return f(1)", "return f(2)"),
    (SCRIPT, "from lib import late", "from lib import late, other"),
]
DOES_NOT_COUNT = [
    # comments, docstrings, layout
    ("lib/used.py", "# why", "# because"),
    ("lib/used.py", "Says what.", "Says more."),
    ("lib/used.py", '    """Doc."""\n', ""),
    ("lib/used.py", '    """Doc of a class."""\n', ""),
    ("lib/used.py", "    total = 1  # why\n", "    # words\n\n    total = (\n        1\n    )\n"),
    ("lib/used.py", "kept text\"", "kept \" 'text'"),
    ("lib/package/__init__.py", "Nothing but words.", "Other words."),
    # annotations of arguments and results
    ("lib/used.py", "x: int", "x"),
    ("lib/used.py", "-> list[int]", "-> Sequence[float]"),
    # what errors say, raised or made
    ("lib/used.py", "expected more. Next: look", "expected another"),
    ("lib/used.py", 'f"total is {total}, expected more. Next: look"', "str(total), 3"),
    ("lib/used.py", '("total", got=total)', '("sum", got=x, hint=y)'),
    ("lib/used.py", 'OwnError("refused", got=total)', 'OwnError("not taken", got=-total)'),
    ("lib/used.py", " from None", " from error"),
    ("lib/used.py", ", \"seven is odd\"", ""),
    ("lib/errors.py", "Says what is wrong.", "Says what was wrong."),
    ("lib/errors.py", 'f"{what}: got {got}"', 'f"{what} is {got}"'),
    ("lib/errors.py", '    """Says more."""', "    next_step = 'look'"),
    # what is told while it runs
    ("lib/used.py", '"training on %s for %s", x, "a while"', '"training"'),
    ("lib/used.py", '    logger.info("training on %s for %s", x, "a while")\n', ""),
    ("lib/used.py", "    total = 1  # why\n", '    total = 1\n    logger.debug("begun")\n'),
    ("lib/used.py", 'note("kept it")', 'note(f"kept {self}")'),
    ("lib/used.py", '        self.note("kept it again")\n', ""),
    ("lib/used.py", 'what="fit"', 'what="fitting"'),
    ("lib/used.py", 'what="two vectors"', 'what="vectors"'),
    ("lib/used.py", ', what="fit", unit="steps"', ', what=f"fit {x}"'),
    # what is not reached, or outside
    ("lib/other.py", "VALUE = 1", "VALUE = 2"),
    ("lib/recorded.py", "VALUE = 1", "VALUE = 2"),
    ("lib/only_recorded.py", "VALUE = 1", "VALUE = 2"),
    ("lib/folder/inside.py", "VALUE = 1", "VALUE = 2"),
]  # fmt: skip


def written(root, files=FILES):
    for name, text in files.items():
        (root / name).parent.mkdir(parents=True, exist_ok=True)
        (root / name).write_text(text)
    return root


def digests(root):
    return code_digests(root, [SCRIPT], outside=OUTSIDE)


def changed(root, file, old, new):
    assert old in FILES[file]
    return digests(written(root, FILES | {file: FILES[file].replace(old, new)}))


@pytest.mark.parametrize(("file", "old", "new"), COUNTS)
def test_what_counts(tmp_path, file, old, new):
    before, after = digests(written(tmp_path / "a")), changed(tmp_path / "b", file, old, new)
    differing = {name for name in before.keys() | after.keys() if before.get(name) != after.get(name)}
    assert file in differing and differing <= {file, "lib/other.py"}


@pytest.mark.parametrize(("file", "old", "new"), DOES_NOT_COUNT)
def test_what_does_not_count(tmp_path, file, old, new):
    assert changed(tmp_path / "b", file, old, new) == digests(written(tmp_path / "a"))


def test_files_with_a_statement_that_are_reached_have_a_digest(tmp_path):
    assert set(digests(written(tmp_path))) == {
        SCRIPT, "lib/used.py", "lib/deeper.py", "lib/late.py", "lib/errors.py", "lib/shared.py",
        "lib/package/near.py", "lib/package/beside.py",
    }  # fmt: skip


def test_without_an_outside_everything_that_is_imported_counts(tmp_path):
    found = code_digests(written(tmp_path), [SCRIPT])
    assert {"lib/recorded.py", "lib/only_recorded.py", "lib/folder/inside.py"} <= set(found)
    assert "lib/other.py" not in found


def test_where_the_project_lies_does_not_count(tmp_path):
    before = digests(written(tmp_path / "here"))
    shutil.copytree(tmp_path / "here", tmp_path / "somewhere" / "else")
    assert digests(tmp_path / "somewhere" / "else") == before
    assert all(value.isalnum() and len(value) == 16 for value in before.values())


def test_a_change_is_noticed_in_the_same_process(tmp_path):
    root = written(tmp_path)
    before = digests(root)
    (root / "lib/deeper.py").write_text("VALUE = 2\nimport lib.other\n")
    after = digests(root)
    assert after["lib/deeper.py"] != before["lib/deeper.py"] and "lib/other.py" in after


def test_several_scripts_are_covered_together(tmp_path):
    root = written(tmp_path)
    found = code_digests(root, [SCRIPT, "lib/other.py"], outside=OUTSIDE)
    assert found == digests(root) | code_digests(root, ["lib/other.py"])


def test_reached_modules_are_files_in_order(tmp_path):
    root = written(tmp_path)
    found = reached_modules(root, ("lib/package/near.py",))
    assert found == [root / "lib" / name for name in ("__init__.py", *(f"package/{n}.py" for n in
                     ("__init__", "beside", "near")))]  # fmt: skip


def test_packages_are_those_that_the_files_import_themselves(tmp_path):
    root = written(tmp_path)
    assert imported_packages(root, ["lib/used.py"]) == {"__future__", "logging", "numpy", "lib"}
    assert imported_packages(root, ["lib/deeper.py"]) == set()


def test_texts_that_count_can_be_listed(tmp_path):
    root = written(tmp_path)
    assert counted_texts(root, ["lib/used.py", "lib/deeper.py"], words=2) == {"lib/used.py": ["kept text"]}
    assert counted_texts(root, ["lib/used.py"], words=3) == {}


@pytest.mark.parametrize("mode", [name for name, mode in MODES.items() if mode.owns_checkpoints])
def test_fine_tuning_does_not_depend_on_figures(mode):
    names = {file.rpartition("/")[2] for file in code("finetune", *training_plugins(MODES[mode]))}
    assert {"finetune.py", "augment.py", "finetune_process.py"} <= names
    assert ("tangent_vit.py" in names) == MODES[mode].tangent
    assert not {"tables.py", "disentanglement.py", "coefficients.py", "modes.py", "datasets.py"} & names
    assert not [file for file in code("finetune", *training_plugins(MODES[mode])) if "figures" in file]


def test_evaluation_does_not_depend_on_how_models_are_trained():
    files = code("single_task", *evaluation_plugins(MODES["linear"]))
    assert "lib/models/tangent_vit.py" in files
    assert not [file for file in files if file.startswith("lib/training/")]


def test_the_digest_of_the_project_is_that_of_a_copy(tmp_path):
    for package in ("lib", "workflow_scripts"):
        shutil.copytree(ROOT / package, tmp_path / package, ignore=shutil.ignore_patterns("__pycache__"))
    script = "workflow_scripts/editing/single_task.py"
    assert code_digests(tmp_path, [script]) == code_digests(ROOT, [script])
