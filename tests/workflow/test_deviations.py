"""docs/deviations.md says what the marks in the code say, and every known difference from the papers carries one."""

import pytest

from tests.workflow.conftest import ROOT
from workflow_scripts.commands.deviations import document, marks

# file, a function or key, and words of the mark: what the papers' text, the released code and this code do not share
KNOWN = [
    ("config.yaml", "finetune.warmup", "500 steps"),
    ("config.yaml", "finetune.precision", "float32"),
    ("config.yaml", "finetune.betas", "PyTorch's defaults"),
    ("config.yaml", "finetune.epsilon", "PyTorch's default"),
    ("config.yaml", "models.accumulate", "micro-batches of 64"),
    ("config.yaml", "split", "min(10 %, 5000)"),
    ("config.yaml", "seeds", "no seed"),
    ("config.yaml", "train_short_side", "256 pixels"),
    ("config.yaml", "evaluation.precision", "float32"),
    ("config.yaml", "evaluation.control_floor", "95 %"),
    ("config.yaml", "disentanglement.pairs", "Fig. 3"),
    ("config.yaml", "disentanglement.alphas", "20 points"),
    ("config.yaml", "disentanglement.images", "2,048"),
    ("lib/training/finetune.py", "", "micro-batches without dividing"),
    ("lib/data/training_batches.py", "", "order of its own"),
    ("lib/data/training_batches.py", "", "odd last micro-batch"),
    ("lib/data/augment.py", "", "Pillow 13"),
    ("lib/data/tasks/__init__.py", "", "class names and templates"),
    ("lib/data/readers/hub.py", "", "order of the hub's files"),
    ("lib/data/readers/hub.py", "", "EuroSAT"),
    ("lib/data/opening.py", "", "expected_counts"),
    ("lib/training/modes.py", "", "linear-2"),
    ("config.yaml", "subsets", "57 of the 255"),
    ("lib/editing/subsets.py", "", "an alpha of its own"),
    ("lib/models/heads.py", "", "pre-trained text tower"),
    ("workflow_scripts/data/prepare.py", "_Shrink", "shorter side"),
]


def test_the_page_is_the_marks():
    """If not: `python -m workflow_scripts.commands.deviations > docs/deviations.md`."""
    assert (ROOT / "docs/deviations.md").read_text() == document()


@pytest.mark.parametrize(("file", "place", "words"), KNOWN)
def test_every_known_difference_carries_a_mark(file, place, words):
    found = [mark for mark in marks(ROOT) if (mark.file, mark.place) == (file, place) and words in mark.sentence]
    assert len(found) == 1, found


def test_every_mark_says_something_once():
    sentences = [mark.sentence for mark in marks(ROOT)]
    assert len(set(sentences)) == len(sentences)
    assert all(len(sentence) > 30 for sentence in sentences)


D, A = "DEVIATES", "ASSUME"  # in two parts, so that nothing here is taken for a mark


def collected(tmp_path, name, *lines):
    path = tmp_path / name
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text("\n".join(lines) + "\n")
    return [(mark.kind, mark.place, mark.sentence) for mark in marks(tmp_path)]


def test_marks_in_docstrings_are_paragraphs_of_their_place(tmp_path):
    found = collected(
        tmp_path,
        "lib/one.py",
        '"""A module.',
        "",
        f"{D}: of the module,",
        "in two lines.",
        f"{A}: at once.",
        "",
        "Another paragraph.",
        '"""',
        "class Outer:",
        "    def inner(self):",
        f'        """{A}: a choice.',
        "",
        f"        The words {D}: inside a line are none.",
        '        """',
    )
    assert found == [
        (D, "", "of the module, in two lines."),
        (A, "", "at once."),
        (A, "Outer.inner", "a choice."),
    ]


def test_marks_in_comments_belong_to_the_statement_on_their_line_or_below(tmp_path):
    found = collected(
        tmp_path,
        "lib/one.py",
        f"# {A}: of the name below,",
        "# in two lines",
        "FIRST = 1",
        f"SECOND: int = 2  # {D}: beside a | b",
        "def function():",
        f"    return 3  # {A}: inside",
        f"TEXT = '# {A}: in a text'",
    )
    assert found == [
        (A, "FIRST", "of the name below, in two lines"),
        (D, "SECOND", "beside a \\| b"),
        (A, "function", "inside"),
    ]


def test_marks_in_configurations_belong_to_the_key_on_their_line_or_below(tmp_path):
    found = collected(
        tmp_path,
        "config.yaml",
        "run: x # a comment",
        "models:",
        "  - name: a",
        f"    # {D}: of the key below,",
        "    # in two lines",
        "    accumulate: 2",
        "split:",
        f"  seed: 0 # {A}: beside",
        f"# {A}: one",
        f"# {D}: two",
        "last: 1",
    )
    assert found == [
        (D, "models.accumulate", "of the key below, in two lines"),
        (A, "split.seed", "beside"),
        (A, "last", "one"),
        (D, "last", "two"),
    ]
