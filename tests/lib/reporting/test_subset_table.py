"""The table of addition against the number of task vectors, by hand."""

import pandas as pd

from lib.reporting import subset_table, subsets
from tests.lib.reporting.test_subsets import rows


def test_the_table_names_mode_and_number_and_has_a_column_for_each_model_and_measure():
    frame = pd.concat([rows(), rows(model="n", shift=0.1)])
    sizes = subsets.by_size(subsets.over_seeds(subsets.of_subsets(frame)), ["model", "mode"])
    table = subset_table.table(sizes)
    assert table.rows == ["Linear FT, 1 vector", "Linear FT, 2 vectors", "Linear FT, 3 vectors"]
    assert table.columns[0] == ("", "Subsets") and [group for group, _ in table.columns[1:]] == ["m", "m", "n", "n"]
    assert table.cells[0] == ["3", "96.7 ± 15.3", "66.7 ± 5.8", "106.7 ± 15.3", "76.7 ± 5.8"]
    assert table.cells[2] == ["1", "80.0", "80.0", "90.0", "90.0"]
    assert r"\multicolumn{2}{c}{n}" in table.latex()


def test_the_note_tells_how_far_the_intervals_reach():
    frame = pd.DataFrame({"own": [0.9, 0.8], "own_low": [0.88, 0.79], "own_high": [0.91, 0.83], "all": [0.7, 0.6]})
    frame = frame.assign(all_low=frame["all"] - 0.01, all_high=frame["all"] + 0.015)
    note = subset_table.interval_note(frame, images=4000, resamples=1000)
    assert "at most 3.0 points" in note and "4,000 test images" in note and "1,000 resamples" in note
