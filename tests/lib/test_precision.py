"""The precision of products: set inside a block, and restored."""

import pytest
import torch

from lib.precision import exact_products, matmul_precision


def test_precision_is_set_inside_the_block_only():
    before = torch.get_float32_matmul_precision()
    with matmul_precision("bf16", "cpu"):
        assert (torch.ones(2, 2) @ torch.ones(2, 2)).dtype is torch.bfloat16
    assert (torch.ones(2, 2) @ torch.ones(2, 2)).dtype is torch.float32
    assert torch.get_float32_matmul_precision() == before
    with matmul_precision("bf16", "cpu"), exact_products("cpu"):
        assert (torch.ones(2, 2) @ torch.ones(2, 2)).dtype is torch.float32
    with pytest.raises(ValueError, match="float32, tf32, bf16"), matmul_precision("fp8", "cpu"):
        pass


def test_the_precision_is_restored_after_an_error():
    before = torch.get_float32_matmul_precision()
    with pytest.raises(ZeroDivisionError), matmul_precision("tf32", "cpu"):
        assert torch.get_float32_matmul_precision() == "high"
        raise ZeroDivisionError
    assert torch.get_float32_matmul_precision() == before


def test_autocast_rounds_a_parameter_anew_after_it_changed():
    """Inside one block an optimizer changes parameters in place, which autocast's cache would not notice."""
    parameter = torch.ones(1, 1, requires_grad=True)
    with matmul_precision("bf16", "cpu"):
        assert (torch.ones(1, 1) @ parameter).item() == 1
        with torch.no_grad():
            parameter.fill_(2.0)
        assert (torch.ones(1, 1) @ parameter).item() == 2
