"""Small csv files, as pandas reads and writes them."""

import pandas as pd
import pytest

from lib.files import rows
from lib.files.own_files import NotFinite, OwnFileError

ROWS = [{"alpha": 0.1, "task": "Cars, all", "n": 3}, {"alpha": 1 / 3, "task": 'a "b"', "n": None}]


def test_rows_come_back_as_text(tmp_path):
    rows.write(tmp_path / "a.csv", ROWS)
    assert rows.read(tmp_path / "a.csv") == [
        {"alpha": "0.1", "task": "Cars, all", "n": "3"},
        {"alpha": repr(1 / 3), "task": 'a "b"', "n": ""},
    ]


def test_pandas_reads_the_same_numbers(tmp_path):
    rows.write(tmp_path / "a.csv", ROWS)
    frame = pd.read_csv(tmp_path / "a.csv")
    assert frame["alpha"].tolist() == [0.1, 1 / 3] and frame["task"].tolist() == [row["task"] for row in ROWS]
    assert frame["n"].isna().tolist() == [False, True]


def test_columns_stand_in_the_order_asked_for_also_without_a_row(tmp_path):
    rows.write(tmp_path / "a.csv", ROWS, columns=["n", "alpha", "task"])
    assert (tmp_path / "a.csv").read_text().splitlines()[0] == "n,alpha,task"
    rows.write(tmp_path / "b.csv", [], columns=["step", "loss"])
    assert (tmp_path / "b.csv").read_text() == "step,loss\n" and rows.read(tmp_path / "b.csv") == []


@pytest.mark.parametrize("value", [float("nan"), float("inf")])
def test_a_number_that_is_not_finite_is_not_written(tmp_path, value):
    with pytest.raises(
        NotFinite, match=rf"a\.csv: got {value} for alpha in row 2 of 2, expected finite numbers; nothing"
    ):
        rows.write(tmp_path / "a.csv", [ROWS[0], {**ROWS[1], "alpha": value}])
    assert list(tmp_path.iterdir()) == []


def test_rows_without_a_column_that_is_asked_for_are_refused(tmp_path):
    rows.write(tmp_path / "a.csv", ROWS)
    assert len(rows.read(tmp_path / "a.csv", ["task"], numbers=["alpha"])) == 2
    with pytest.raises(OwnFileError, match="expected also 'accuracy'"):
        rows.read(tmp_path / "a.csv", numbers=["accuracy"])
