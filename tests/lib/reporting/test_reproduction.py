"""The scorecard: every printed number once, verdicts by hand, doubts beside the numbers that they are about."""

import pandas as pd
import pytest

from lib.reporting import papers, reproduction
from lib.reporting.reproduction import NOT_RUN, OUTSIDE, REPRODUCED

CELL = {"model": "ViT-B-32", "row": "linear", "column": "absolute"}  # printed: 76.5, tolerance 4 points


def scored(value, low, high):
    ours = {"addition": pd.DataFrame([{**CELL, "value": value, "low": low, "high": high}])}
    found = [score for score in reproduction.scores(ours) if score.table == "addition"]
    (score,) = [score for score in found if (score.model, score.row, score.column) == tuple(CELL.values())]
    assert all(other.verdict == NOT_RUN for other in found if other is not score)
    return score


def test_every_printed_number_has_one_row():
    found = reproduction.scores({})
    cells = [(table, *cell[:3]) for table in papers.tables() for cell in papers.cells(table)]
    assert [(score.table, score.model, score.row, score.column) for score in found] == cells
    assert len(set(cells)) == len(cells) > 150
    assert {score.verdict for score in found} == {NOT_RUN}
    assert all(score.reason and score.source and 0 < score.tolerance < 0.1 for score in found)


@pytest.mark.parametrize(
    ("value", "low", "high", "verdict"),
    [
        (0.765, 0.76, 0.77, REPRODUCED),
        (0.80, 0.79, 0.81, REPRODUCED),
        (0.81, 0.805, 0.815, REPRODUCED),  # the printed number is at the end of the tolerance
        (0.82, 0.806, 0.83, OUTSIDE),
        (0.70, 0.69, 0.72, OUTSIDE),
        (0.72, 0.70, 0.726, REPRODUCED),
    ],
)
def test_verdicts_by_hand(value, low, high, verdict):
    score = scored(value, low, high)
    assert score.verdict == verdict
    assert score.difference == pytest.approx(value - 0.765)


def test_doubts_stand_beside_their_numbers_alone():
    found = {(s.table, s.model, s.row, s.column): s.note for s in reproduction.scores({})}
    doubted = {cell for cell, note in found.items() if note}
    assert doubted == {("addition", model, "standard", "normalized") for model in ("ViT-B-32", "ViT-B-16", "ViT-L-14")}
    for model in ("ViT-B-32", "ViT-B-16", "ViT-L-14"):  # the note's own arithmetic
        absolute, normalized = (papers.reported("addition", model, "standard", c) for c in ("absolute", "normalized"))
        assert f"{100 * absolute / normalized:.1f} on average" in found["addition", model, "standard", "normalized"]


def test_tolerances_are_those_of_their_reasons():
    """The distance of the two groups' runs that the reasons name."""
    for table, column in (("addition", "absolute"), ("negation", "target")):
        clean = {cell[:3]: cell[3] for cell in papers.cells(f"{table}_clean")}
        far = max(
            abs(100 * (papers.reported(table, *cell) - value)) for cell, value in clean.items() if cell[2] == column
        )
        assert f"by up to {far:.1f} points" in papers.tolerance(table)[1]
        assert far < 100 * papers.tolerance(table)[0]


def test_our_tables_become_cells_with_their_intervals():
    frame = pd.DataFrame(
        {
            "model": "ViT-B-32",
            "seed": [pd.NA, 0, 1],
            "mode": ["pretrained", "linear", "linear"],
            "absolute": [0.5, 0.7, 0.8],
            "absolute_low": [0.4, 0.6, 0.7],
            "absolute_high": [0.6, 0.8, 0.9],
        }
    )
    cells = reproduction.long(frame, ["absolute"]).set_index("row")
    assert cells.loc["linear", ["value", "low", "high"]].tolist() == pytest.approx([0.75, 0.65, 0.85])
    assert cells.loc["pretrained", "value"] == 0.5


def test_accuracies_by_task_are_those_on_test():
    rows = [("test", 0.7), ("val", 0.1)]
    frame = pd.DataFrame(
        [
            {
                "model": "m",
                "seed": 0,
                "mode": "linear",
                "task": "MNIST",
                "split": split,
                "accuracy": value,
                "low": 0,
                "high": 1,
            }
            for split, value in rows
        ]
    )
    (cell,) = reproduction.by_task(frame).to_dict("records")
    assert (cell["column"], cell["value"]) == ("MNIST", 0.7)


def test_markdown_counts_and_shows_every_number():
    ours = {"addition": pd.DataFrame([{**CELL, "value": 0.8, "low": 0.79, "high": 0.81}])}
    found = reproduction.scores(ours)
    text = reproduction.markdown(found)
    assert f"{len(found)} numbers, 1 reproduced, 0 outside the tolerance, {len(found) - 1} not run" in text
    (row,) = [line for line in text.splitlines() if "79.0, 81.0" in line]
    assert [cell.strip() for cell in row.strip("|").split("|")][3:7] == [
        "76.5",
        "80.0 [79.0, 81.0]",
        "+3.5",
        "reproduced",
    ]
    assert len([line for line in text.splitlines() if line.startswith("| ViT-")]) == len(found)
