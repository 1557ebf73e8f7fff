"""Consensus task arithmetic by hand."""

import torch

from lib.editing.merging import consensus
from lib.editing.task_vector import TaskVector

ROWS = {"Cars": [1.0, 1.0, 0.0, 4.0], "DTD": [1.0, 0.0, 0.0, -4.0], "MNIST": [1.0, 0.1, 0.5, 0.5]}
TAUS = {task: TaskVector({"a": torch.tensor(row, dtype=torch.float64)}) for task, row in ROWS.items()}


def merged(threshold, tasks):
    return consensus.merge(TAUS, {}, {"threshold": threshold, "tasks": tasks})["a"].tolist()


def test_entries_by_hand():
    """Sums [3, 1.1, 0.5, 0.5]. With lambda 0.4, all three tasks need the first, the first the second, the third the
    third; the fourth: 4 > 0.4 |-3.5|, 4 > 0.4 |4.5|, and 0.5 > 0.
    """
    assert merged(0.4, 0) == merged(0.4, 1) == [3.0, 1.1, 0.5, 0.5]
    assert merged(0.4, 2) == merged(0.4, 3) == [3.0, 0.0, 0.0, 0.5]


def test_a_larger_threshold_leaves_fewer():
    """Now 1 > 0.6 * 2 fails for every task in the first entry."""
    assert merged(0.6, 2) == [0.0, 0.0, 0.0, 0.5]


def test_no_task_needs_what_moved_in_none():
    still = {task: TaskVector({"a": torch.zeros(2)}) for task in ROWS}
    assert consensus.merge(still, {}, {"threshold": 0.4, "tasks": 1})["a"].tolist() == [0.0, 0.0]
