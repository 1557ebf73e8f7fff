"""The table of cosines: every task's row in every mode, and means over seeds."""

import pandas as pd

from lib.reporting.similarity import table

TASKS = ["Cars", "DTD"]


def rows(model="m", seed=0, mode="linear", cosine=0.125, norms=(2.0, 3.0)):
    return pd.DataFrame(
        [
            {"model": model, "seed": seed, "mode": mode, "task_a": a, "task_b": b,
             "cosine": 1.0 if a == b else cosine, "norm_a": norms[TASKS.index(a)]}
            for b in TASKS for a in TASKS
        ]
    )  # fmt: skip


def test_a_row_holds_a_tasks_cosines_and_its_norm():
    found = table(pd.concat([rows(), rows(mode="standard", cosine=-0.0001)]), TASKS, caption="Cosines")
    assert found.rows == ["Linear FT, Cars", "Linear FT, DTD", "Non-linear FT, Cars", "Non-linear FT, DTD"]
    assert [name for _, name in found.columns] == ["Cars", "DTD", "Norm"]
    assert found.cells == [
        ["1.000", "0.125", "2.00"], ["0.125", "1.000", "3.00"], ["1.000", "0.000", "2.00"], ["0.000", "1.000", "3.00"]
    ]  # fmt: skip
    assert found.markdown().startswith("Cosines\n") and r"Linear FT, Cars & 1.000 & 0.125 & 2.00 \\" in found.latex()


def test_seeds_give_mean_and_spread_and_models_are_named_where_there_are_several():
    seeds = pd.concat([rows(), rows(seed=1, cosine=0.375, norms=(4.0, 3.0))])
    assert table(seeds, TASKS, caption="").cells[0] == ["1.000 ± 0.000", "0.250 ± 0.177", "3.00 ± 1.41"]
    models = pd.concat([rows(), rows("l")])
    assert table(models, TASKS, caption="").rows[::2] == ["m, Linear FT, Cars", "l, Linear FT, Cars"]
