"""TSV-M: orthonormal singular vectors, singular values kept, a merged matrix built by hand."""

import pytest
import torch

from lib.editing.merging import tsv_m
from lib.editing.merging.matrices import polar_factor
from tests.lib.editing.merging.test_merging import MATRICES, close, merge, vector

TAUS = {task: vector(seed) for seed, task in enumerate(("Cars", "DTD", "MNIST"))}


@pytest.mark.parametrize("name", MATRICES)
def test_singular_values_are_the_tasks_own(name):
    matrices = [tau[name] for tau in TAUS.values()]
    own = torch.cat([torch.linalg.svdvals(matrix)[:3] for matrix in matrices])  # 9 / 3 of each
    found = torch.linalg.svdvals(merge("tsv-m", TAUS)[name])
    torch.testing.assert_close(found, own.sort(descending=True).values)


@pytest.mark.parametrize("name", MATRICES)
def test_singular_vectors_become_orthonormal(name):
    u, _, vh = tsv_m.leading([tau[name] for tau in TAUS.values()])
    u, v = polar_factor(u), polar_factor(vh).mT
    for vectors in (u, v):
        torch.testing.assert_close(vectors.mT @ vectors, torch.eye(9, dtype=u.dtype))


def test_a_polar_factor_is_the_nearest_with_orthonormal_columns():
    """Against (X X^T)^(-1/2) X, and nearer than another such matrix."""
    x = TAUS["DTD"][MATRICES[1]]
    values, vectors = torch.linalg.eigh(x.mT @ x)
    found = polar_factor(x)
    torch.testing.assert_close(found, x @ (vectors * values.rsqrt() @ vectors.mT))
    other = torch.linalg.qr(x)[0]
    assert (x - found).norm() < min((x - other).norm(), (x + other).norm())


def test_other_tensors_are_averaged():
    found, total = merge("tsv-m", TAUS), sum(TAUS.values()) / 3
    for name in found.keys() - set(MATRICES):
        torch.testing.assert_close(found[name], total[name])


def test_with_more_tasks_than_dimensions_each_keeps_one_vector():
    shape = {"token_types": (2, 5)}
    taus = {str(seed): vector(seed, shape) for seed in range(4)}
    u, s, vh = tsv_m.leading([tau["token_types"] for tau in taus.values()])
    assert (u.shape, s.shape, vh.shape) == ((2, 4), (4,), (4, 5))
    close(merge("tsv-m", taus), merge("tsv-m", dict(reversed(taus.items()))))
