"""The table of laziness: means and spreads over tasks and seeds."""

import numpy as np
import pandas as pd

from lib.reporting import laziness

MODES = {"standard": 0.4, "linear": 0.1}


def rows(model="m"):
    found = [
        {"model": model, "seed": seed, "mode": mode, "task": task, "parameters": move, "features": move + 0.2 * seed}
        | {"kernel": move + 0.1 * (task == "B"), "n": 8}
        for mode, move in MODES.items()
        for seed in (0, 1)
        for task in ("A", "B")
    ]
    return pd.DataFrame(found)


def test_cells_are_means_over_tasks_and_seeds():
    table = laziness.table(rows())
    assert table.rows == ["Non-linear FT", "Linear FT"]
    assert [name for _, name in table.columns] == ["Parameters", "Features", "Kernel"]
    spread = np.std([0.4, 0.4, 0.6, 0.6], ddof=1)
    assert table.cells[0] == ["0.400 ± 0.000", f"0.500 ± {spread:.3f}", f"0.450 ± {spread / 2:.3f}"]
    assert [group for group, _ in laziness.table(pd.concat([rows(), rows("o")])).columns] == ["m"] * 3 + ["o"] * 3
