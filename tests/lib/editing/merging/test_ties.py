"""TIES by hand: three vectors of six entries."""

import torch

from lib.editing.merging import ties
from lib.editing.task_vector import TaskVector


def vectors(*rows):
    """Each vector in two tensors, so that trimming goes over the whole of it."""
    rows = torch.tensor(rows, dtype=torch.float64)
    return {f"task{t}": TaskVector({"a": row[:2].reshape(1, 2), "b": row[2:]}) for t, row in enumerate(rows)}


def merged(taus, density):
    found = ties.merge(taus, {}, {"density": density})
    return [*found["a"].flatten().tolist(), *found["b"].tolist()]


TAUS = vectors(
    [5.0, -4.0, 3.0, 0.1, -0.2, 0.3],
    [-1.0, -6.0, 2.0, 0.5, 0.1, -7.0],
    [2.0, 0.2, -4.0, -0.3, 8.0, 0.1],
)


def test_half_of_the_entries_by_hand():
    """Trimmed: [5, -4, 3, 0, 0, 0], [0, -6, 2, 0, 0, -7], [2, 0, -4, 0, 8, 0]; their sum: [7, -10, 1, 0, 8, -7]."""
    assert merged(TAUS, 0.5) == [3.5, -5.0, 2.5, 0.0, 8.0, -7.0]


def test_all_entries_by_hand():
    """The sum: [6, -9.8, 1, 0.3, 7.9, -6.6]; means of what agrees with its sign."""
    expected = torch.tensor([3.5, -5.0, 2.5, 0.3, 4.05, -7.0], dtype=torch.float64)
    torch.testing.assert_close(torch.tensor(merged(TAUS, 1.0), dtype=torch.float64), expected, rtol=0, atol=1e-14)


def test_where_signs_cancel_the_majority_of_all_entries_decides():
    taus = vectors([1.0, 2.0, 3.0, 4.0, -5.0, 6.0], [-1.0, 2.0, 3.0, 4.0, -5.0, -6.0])
    assert merged(taus, 1.0) == [1.0, 2.0, 3.0, 4.0, -5.0, 6.0]
    assert merged({task: -tau for task, tau in taus.items()}, 1.0) == [-1.0, -2.0, -3.0, -4.0, 5.0, -6.0]


def test_as_large_as_the_smallest_that_is_kept_is_kept():
    assert merged(vectors([1.0, -1.0, 2.0, 0.5, 0.5, 0.0]), 1 / 3) == [1.0, -1.0, 2.0, 0.0, 0.0, 0.0]


def test_it_holds_one_vector_at_a_time():
    """Each is read twice and given back before the next."""
    alive, most, reads = set(), 0, 0

    class Counted(TaskVector):
        def __del__(self):
            alive.discard(id(self))

    def read(task):
        nonlocal most, reads
        tau = Counted(dict(TAUS[task].items()))
        alive.add(id(tau))
        most, reads = max(most, len(alive)), reads + 1
        return tau

    ties.merge_trimmed(list(TAUS), read, density=0.5)
    assert reads == 6 and most == 1
