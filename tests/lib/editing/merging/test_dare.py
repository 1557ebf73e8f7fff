"""DARE: its mean over seeds, its draws; with TIES after it."""

import pytest
import torch

from lib.editing.merging import dare, dare_ties, ties
from lib.editing.task_vector import TaskVector
from tests.lib.editing.merging.test_merging import MATRICES, close, vector

TAUS = {task: vector(seed) for seed, task in enumerate(("Cars", "DTD", "MNIST"))}


def test_an_entry_is_dropped_or_rescaled():
    found = dare.dropped(TAUS["DTD"], "DTD", drop=0.75, seed=0)
    for name, value in TAUS["DTD"].items():
        ratio = found[name] / value
        torch.testing.assert_close(ratio, ratio.round(), rtol=0, atol=1e-12)
        assert set(ratio.round().flatten().tolist()) == ({0.0, 4.0} if name in MATRICES else {1.0})


def test_its_mean_over_seeds_is_the_vector():
    """Within 5 standard errors, |tau| sqrt(p / (1 - p) / n), of every entry."""
    n, p, tau = 2000, 0.5, TAUS["DTD"]
    mean = sum(dare.dropped(tau, "DTD", drop=p, seed=seed) for seed in range(n)) / n
    for name in MATRICES:
        assert ((mean[name] - tau[name]).abs() <= 5 * tau[name].abs() * (p / (1 - p) / n) ** 0.5).all()


def test_a_further_task_or_tensor_changes_no_others_draw():
    draw = {"drop": 0.5, "seed": 3}
    less = TaskVector({name: TAUS["DTD"][name] for name in MATRICES[1:]})
    all_of_it = dare.dropped(TAUS["DTD"], "DTD", **draw)
    close(dare.dropped(less, "DTD", **draw), TaskVector({name: all_of_it[name] for name in MATRICES[1:]}))
    two = {task: TAUS[task] for task in ("DTD", "MNIST")}
    close(dare.merge(TAUS, {}, draw) - dare.merge(two, {}, draw), dare.dropped(TAUS["Cars"], "Cars", **draw))


@pytest.mark.parametrize(("task", "seed"), [("Cars", 0), ("DTD", 1)])
def test_tasks_and_seeds_draw_differently(task, seed):
    first = dare.dropped(TAUS["DTD"], "DTD", drop=0.5, seed=0)
    other = dare.dropped(TAUS["DTD"], task, drop=0.5, seed=seed)
    assert all(not torch.equal(first[name], other[name]) for name in MATRICES)


def test_tensors_of_one_shape_draw_differently():
    tau = TaskVector({name: torch.ones(8, 8) for name in "ab"})
    found = dare.dropped(tau, "DTD", drop=0.5, seed=0)
    assert not torch.equal(found["a"], found["b"])


def test_with_ties_it_is_ties_of_what_is_left():
    settings = {"drop": 0.5, "seed": 0, "density": 0.3}
    left = {task: dare.dropped(tau, task, drop=0.5, seed=0) for task, tau in TAUS.items()}
    close(dare_ties.merge(TAUS, {}, settings), ties.merge(left, {}, {"density": 0.3}))
