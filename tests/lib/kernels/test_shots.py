"""k-shot subsets: k of each class, the same for a seed, each within the larger ones."""

import pytest
import torch

from lib.kernels.shots import k_shot

LABELS = torch.randint(0, 4, (200,), generator=torch.Generator().manual_seed(0))


@pytest.mark.parametrize("k", [1, 7, 20])
def test_every_class_has_k_different_points(k):
    rows = k_shot(LABELS, k, seed=0)
    assert len(set(rows.tolist())) == 4 * k and LABELS[rows].tolist() == [c for c in range(4) for _ in range(k)]


def test_larger_subsets_hold_the_smaller_ones_of_their_seed_alone():
    small, large, other = k_shot(LABELS, 5, seed=1), k_shot(LABELS, 16, seed=1), k_shot(LABELS, 16, seed=2)
    assert set(small.tolist()) < set(large.tolist())
    assert not set(small.tolist()) <= set(other.tolist())
    assert torch.equal(small, k_shot(LABELS, 5, seed=1))


def test_classes_need_not_be_numbered_without_gaps():
    assert LABELS[k_shot(LABELS, 1, seed=0)].tolist() == [0, 1, 2, 3]
    labels = torch.tensor([7, 2, 7, 2])
    assert labels[k_shot(labels, 2, seed=0)].tolist() == [2, 2, 7, 7]


def test_too_few_points_are_refused():
    with pytest.raises(ValueError, match=r"class 1 has 1 points, expected 2 for 2-shot"):
        k_shot(torch.tensor([0, 0, 1]), 2, seed=0)
    with pytest.raises(ValueError, match="0-shot"):
        k_shot(LABELS, 0, seed=0)
