"""Laws of the local energy: its sum is the rank, it follows its points, and separate tasks separate it."""

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from lib.kernels.localization import CUT_OFFS, kept_by_energy, local_energy


def kernel(seed, n=6, m=4, p=40, outputs=()):
    """Rows of n points, columns of the same and m more, of random gradients whose directions differ in size."""
    generator = torch.Generator().manual_seed(seed)
    gradients = torch.randn(*outputs, n + m, p, generator=generator, dtype=torch.float64)
    gradients = gradients * torch.logspace(0, -3, p, dtype=torch.float64)
    return gradients[..., :n, :] @ gradients.mT


@given(seed=st.integers(0, 10**6), cut_off=st.sampled_from([*CUT_OFFS, 1.0]))
def test_the_sum_is_the_rank_and_every_energy_is_a_share(seed, cut_off):
    found = local_energy(kernel(seed), cut_off)
    assert found.energy.sum().item() == pytest.approx(found.rank.item())
    assert found.energy.min() >= 0 and found.energy.max() <= 1 + 1e-12


@given(seed=st.integers(0, 10**6), cut_off=st.sampled_from([*CUT_OFFS, 1.0]))
def test_permuted_points_permute_it(seed, cut_off):
    square = kernel(seed)
    generator = torch.Generator().manual_seed(seed)
    rows, columns = torch.randperm(6, generator=generator), torch.randperm(10, generator=generator)
    found, permuted = local_energy(square, cut_off), local_energy(square[rows][:, columns], cut_off)
    torch.testing.assert_close(permuted.energy, found.energy[columns])


@pytest.mark.parametrize("cut_off", [*CUT_OFFS, 1.0])
def test_a_block_diagonal_kernel_localizes_completely(cut_off):
    own = torch.arange(10) < 6
    found = local_energy(torch.where(own, kernel(0), 0), cut_off)
    assert found.share(own).item() == pytest.approx(1) and found.energy[~own].max() < 1e-20


def test_a_constant_kernel_does_not_localize():
    """One eigenfunction, the same at every point: the share is that of the points."""
    found = local_energy(torch.ones(6, 10), 0.9)
    assert found.rank == 1 and found.share(torch.arange(10) < 6).item() == pytest.approx(0.6)


def test_with_everything_kept_it_is_a_leverage_score():
    """The diagonal of the projection on the rows of K."""
    square = kernel(3)
    projection = torch.linalg.pinv(square) @ square
    found = local_energy(square, 1.0)
    assert found.rank == 6
    torch.testing.assert_close(found.energy, projection.diagonal())


def test_energy_is_that_of_the_eigenfunctions_written_out():
    square = kernel(4)
    values, vectors = torch.linalg.eigh(square.mT @ square)
    values, vectors = values.flip(0), vectors.flip(1)
    rank = next(k for k in range(1, 11) if values[:k].sum() >= 0.99 * values.sum())
    found = local_energy(square, 0.99)
    assert found.rank == rank
    torch.testing.assert_close(found.energy, (vectors[:, :rank] ** 2).sum(1))


def test_a_higher_cut_off_keeps_more():
    found = [local_energy(kernel(5), cut_off) for cut_off in (*CUT_OFFS, 1.0)]
    assert all(
        (b.energy >= a.energy - 1e-12).all() and b.rank >= a.rank for a, b in zip(found, found[1:], strict=False)
    )
    assert found[0].rank < found[-1].rank


def test_many_kernels_at_once():
    many = kernel(6, outputs=(3,))
    found, own = local_energy(many, 0.99), torch.arange(10) < 6
    for index in range(3):
        alone = local_energy(many[index], 0.99)
        torch.testing.assert_close(found.energy[index], alone.energy)
        assert found.rank[index] == alone.rank and found.share(own)[index].item() == pytest.approx(
            alone.share(own).item()
        )


def test_ties_are_kept_together():
    """Of values 2, 1, 1 the first alone has 2/3 of the squares, the second would do for 80 %."""
    kept = kept_by_energy(torch.tensor([2.0, 1.0, 1.0]), 0.8, size=3)
    assert kept.tolist() == [True, True, True]
    assert kept_by_energy(torch.tensor([2.0, 1.0, 1.0]), 0.6, size=3).tolist() == [True, False, False]
    assert kept_by_energy(torch.tensor([1.0, 0.5, 1e-9]), 1.0, size=3).tolist() == [True, True, False]


def test_what_cannot_be_decomposed_is_refused():
    for cut_off in (0, 1.1, float("nan")):
        with pytest.raises(ValueError, match="no share of energy"):
            local_energy(kernel(0), cut_off)
    for wrong in (torch.zeros(2, 3), torch.full((2, 3), torch.nan), torch.stack([torch.ones(2, 3), torch.zeros(2, 3)])):
        with pytest.raises(ValueError, match="zero or not finite"):
            local_energy(wrong, 0.9)
