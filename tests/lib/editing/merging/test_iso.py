"""Iso-C and Iso-CTS: flat spectra, the nuclear norm, the limits to each other."""

import pytest
import torch

from lib.editing.merging import iso_cts
from lib.editing.merging.matrices import svd
from tests.lib.editing.merging.test_merging import MATRICES, close, merge, vector

TAUS = {task: vector(seed) for seed, task in enumerate(("Cars", "DTD", "MNIST"))}


@pytest.mark.parametrize("name", MATRICES)
class TestIsoC:
    def test_singular_values_are_at_their_mean(self, name):
        before = torch.linalg.svdvals(sum(TAUS.values())[name])
        after = torch.linalg.svdvals(merge("iso-c", TAUS)[name])
        torch.testing.assert_close(after, before.mean().expand(9))
        torch.testing.assert_close(after.sum(), before.sum())  # the nuclear norm

    def test_directions_are_those_of_the_sum(self, name):
        """U^T (merged) V is a multiple of the identity."""
        u, sigma, vh = svd(sum(TAUS.values())[name])
        within = u.mT @ merge("iso-c", TAUS)[name] @ vh.mT
        torch.testing.assert_close(within, sigma.mean() * torch.eye(9, dtype=u.dtype))

    def test_of_one_task_it_is_flat(self, name):
        u, sigma, vh = svd(TAUS["DTD"][name])
        torch.testing.assert_close(merge("iso-c", {"DTD": TAUS["DTD"]})[name], sigma.mean() * u @ vh)


def test_all_common_is_iso_c():
    close(merge("iso-cts", TAUS, common=1.0), merge("iso-c", TAUS))


def test_of_one_task_both_are_the_same():
    close(merge("iso-cts", {"DTD": TAUS["DTD"]}), merge("iso-c", {"DTD": TAUS["DTD"]}))


@pytest.mark.parametrize("name", MATRICES)
def test_the_spectrum_is_flat_at_the_mean_of_all_that_is_kept(name):
    """Of 9 singular values, 3 of the sum and 2 of each task's rest."""
    found = merge("iso-cts", TAUS, common=0.5)[name]
    u, kept, _ = (part[..., :3] for part in svd(sum(TAUS.values())[name]))
    own = [torch.linalg.svdvals(tau[name] - u @ (u.mT @ tau[name]))[:2] for tau in TAUS.values()]
    torch.testing.assert_close(torch.linalg.svdvals(found), torch.cat([kept, *own]).mean().expand(9))


@pytest.mark.parametrize(
    ("rank", "tasks", "common", "own"),
    [(768, 8, 0.8, 19), (768, 8, 1.0, 0), (6, 3, 0.5, 1), (6, 1, 0.8, 2), (12, 8, 0.0, 1), (2, 8, 0.8, 0)],
)
def test_tasks_share_evenly_what_the_common_ones_leave(rank, tasks, common, own):
    """768: 614 common, 154 left, the nearest multiple of 8 is 152."""
    assert iso_cts._of_each_task(rank, tasks, common) == own


def test_a_direction_of_one_task_alone_is_in_the_result():
    """With half of them common, a direction that the sum's leading ones lack comes back through its task."""
    strong, weak = torch.zeros(6, 6, dtype=torch.float64), torch.zeros(6, 6, dtype=torch.float64)
    strong[range(5), range(5)] = torch.tensor([9.0, 8.0, 7.0, 0.1, 0.1], dtype=torch.float64)
    weak[5, 5] = 1.0
    merged = iso_cts._merged([strong, weak, torch.zeros_like(weak)], 0.5)
    assert merged[5, 5] > 1.0
