"""The papers' splits."""

import pytest
import torch

from lib.data.splits import fit_and_validation


def test_first_fit_index_of_mnist():
    fit, validation = fit_and_validation(60000, seed=0, fraction=0.1, maximum=5000)
    assert fit[0] == 36044
    assert (len(fit), len(validation)) == (55000, 5000)


@pytest.mark.parametrize(
    ("n", "sizes"),
    {8144: (7330, 814), 3760: (3384, 376), 26640: (23976, 2664), 18900: (17010, 1890), 19850: (17865, 1985),
     73257: (68257, 5000)}.items(),
)  # fmt: skip
def test_sizes_of_the_papers_tasks(n, sizes):
    fit, validation = fit_and_validation(n, seed=0, fraction=0.1, maximum=5000)
    assert (len(fit), len(validation)) == sizes
    assert sorted([*fit, *validation]) == list(range(n))


def test_equals_random_split():
    subsets = torch.utils.data.random_split(range(100), [90, 10], torch.Generator().manual_seed(0))
    fit, validation = fit_and_validation(100, seed=0, fraction=0.1, maximum=5000)
    assert fit.tolist() == list(subsets[0].indices) and validation.tolist() == list(subsets[1].indices)


def test_an_empty_part_is_refused():
    with pytest.raises(ValueError, match="leave 5 to fit and 0"):
        fit_and_validation(5, seed=0, fraction=0.1, maximum=5000)
