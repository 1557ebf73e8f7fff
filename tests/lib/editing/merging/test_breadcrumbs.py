"""Breadcrumbs by hand."""

import torch

from lib.editing.merging import breadcrumbs
from lib.editing.task_vector import TaskVector

ROWS = [[9.0, -5.0, 4.0, 1.0, -0.5, 0.1, 7.0, 0.0, -2.0, 3.0], [0.1, 0.2, 0.3, 0.4, 0.5, 0.6, 0.7, 0.8, 0.9, -1.0]]


def merged(tensor, **settings):
    tau = TaskVector({"a": torch.tensor(tensor, dtype=torch.float64)})
    return breadcrumbs.merge({"DTD": tau}, {}, settings)["a"].tolist()


def test_each_row_loses_its_largest_and_keeps_the_next():
    assert merged(ROWS, drop_top=0.1, keep=0.3) == [
        [0.0, -5.0, 4.0, 0.0, 0.0, 0.0, 7.0, 0.0, 0.0, 0.0],
        [0.0, 0.0, 0.0, 0.0, 0.0, 0.0, 0.7, 0.8, 0.9, 0.0],
    ]


def test_numbers_are_rounded_down():
    assert merged(ROWS[1], drop_top=0.19, keep=0.29) == [0.0] * 7 + [0.8, 0.9, 0.0]


def test_a_share_of_all_keeps_all_but_the_largest():
    assert merged(ROWS[1], drop_top=0.2, keep=1.0) == [*ROWS[1][:8], 0.0, 0.0]


def test_it_is_a_sum_over_tasks():
    taus = {str(seed): TaskVector({"a": (seed + 1) * torch.tensor(ROWS, dtype=torch.float64)}) for seed in range(3)}
    found = breadcrumbs.merge(taus, {}, {"drop_top": 0.1, "keep": 0.3})["a"]
    torch.testing.assert_close(found, 6 * torch.tensor(merged(ROWS, drop_top=0.1, keep=0.3), dtype=torch.float64))


def test_a_single_number_stays():
    assert merged(3.0, drop_top=0.1, keep=0.3) == 3.0
