"""The table of models that were fine-tuned from random weights, from rows made by hand."""

import pandas as pd
import pytest

from lib.reporting import tables
from lib.reporting.random_init import random_init

KEYS = ["model", "seed", "mode"]
SINGLE = pd.DataFrame(
    [
        ("r", None, "pretrained", "A", "test", 0.1),
        ("r", None, "pretrained", "A", "val", 0.9),
        ("r", None, "pretrained", "B", "test", 0.3),
        ("r", None, "pretrained", "C", "test", 0.8),
        ("r", 0, "standard", "A", "test", 0.6),
        ("r", 0, "standard", "B", "test", 0.4),
        ("r", 1, "standard", "A", "test", 0.8),
        ("r", 1, "standard", "B", "test", 0.4),
    ],
    columns=[*KEYS, "task", "split", "accuracy"],
).astype({"seed": "Int64"})
ADDED = pd.DataFrame(
    [
        ("r", 0, "standard", 0.1, "A", 0.1),
        ("r", 0, "standard", 0.1, "B", 0.2),
        ("r", 1, "standard", 0.4, "A", 0.0),
        ("r", 1, "standard", 0.4, "B", 0.2),
    ],
    columns=[*KEYS, "alpha", "task", "accuracy"],
).astype({"seed": "Int64"})


def test_single_and_multi_are_means_over_the_tasks_on_test():
    frame = random_init(ADDED, SINGLE, ["A", "B"])
    assert list(frame) == [*KEYS, "alpha", "single", "multi"]
    assert frame["mode"].tolist() == ["random", "standard", "standard"]
    assert frame["single"].tolist() == pytest.approx([0.2, 0.5, 0.6])
    assert frame["multi"].tolist()[1:] == pytest.approx([0.15, 0.1]) and frame["alpha"].tolist()[1:] == [0.1, 0.4]


def test_nothing_was_added_before_fine_tuning():
    first = random_init(ADDED, SINGLE, ["A", "B"]).iloc[0]
    assert pd.isna(first["multi"]) and pd.isna(first["alpha"]) and pd.isna(first["seed"])


def test_it_is_printed_in_the_papers_shape():
    frame = random_init(ADDED, SINGLE, ["A", "B"]).replace({"model": {"r": "ViT-B-32-random"}})
    columns = {"single": "Single (↑)", "multi": "Multi (↑)"}
    table = tables.paper_table(frame, columns, caption="", compared="random_init")
    assert [name for _, name in table.columns] == [
        "Single (↑)", "Single (↑) paper", "Single (↑) diff.", "Multi (↑)", "Multi (↑) paper", "Multi (↑) diff."
    ]  # fmt: skip
    assert dict(zip(table.rows, table.cells, strict=True)) == {
        "Random init": ["20.0", "5.3", "+14.7", "-", "-", "-"],
        "Non-linear FT": ["55.0 ± 7.1", "48.5", "+6.5", "12.5 ± 3.5", "5.5", "+7.0"],
    }
    assert "Table 3" in table.markdown()
