"""The k-th largest magnitude against sorting everything."""

import pytest
import torch

from lib.editing.merging.magnitudes import kth_largest_magnitude


@pytest.mark.parametrize("dtype", [torch.float32, torch.float64])
def test_every_rank_is_that_of_sorting(dtype):
    generator = torch.Generator().manual_seed(0)
    tensors = [torch.randn(shape, generator=generator, dtype=dtype) for shape in ((7, 3), (5,), (2, 2, 2))]
    tensors[0] *= 1e-30  # other exponents
    tensors[1][:3] = torch.tensor([0.0, -0.0, 1.0])
    tensors[2][0] = tensors[2][1]  # ties
    ordered = torch.cat([tensor.abs().flatten() for tensor in tensors]).sort(descending=True).values.tolist()
    assert [kth_largest_magnitude(tensors, k) for k in range(1, len(ordered) + 1)] == ordered


def test_neighbouring_floats_are_told_apart():
    one = torch.tensor([1.0], dtype=torch.float64)
    above = one.nextafter(2 * one)
    assert kth_largest_magnitude([one, -above], 1) == above.item() > kth_largest_magnitude([one, -above], 2) == 1.0


@pytest.mark.parametrize("k", [0, 4])
def test_a_rank_that_does_not_exist_is_refused(k):
    with pytest.raises(ValueError, match=f"rank {k} of 3 entries; ask for a rank from 1 to 3"):
        kth_largest_magnitude([torch.zeros(3)], k)
