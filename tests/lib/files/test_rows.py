"""Small csv files, as pandas reads and writes them."""

import pandas as pd

from lib.files import rows

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
