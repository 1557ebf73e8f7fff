"""The plain image tower: to the bit the tangent tower without tangents, in float64 open_clip's own module."""

import pytest
import torch
from torch import nn

from lib.models.tangent_vit import value_and_tangents
from lib.models.vit import NoPlainVit, part, patches, shape_of, vit
from lib.precision import matmul_precision
from tests.lib.models.functions import direction, function_of, kept_for_backward, parameters


@pytest.fixture(params=["quick_gelu", "gelu"])
def either_tower(request, tower):
    if request.param == "gelu":
        for block in tower.transformer.resblocks:
            block.mlp.gelu = nn.GELU()
    return tower


def pixels(count, dtype=torch.float32):
    return torch.randn(count, 3, 8, 8, dtype=dtype, generator=torch.Generator().manual_seed(3))


def value_and_gradient(f, theta, x):
    leaves = {name: value.clone().requires_grad_() for name, value in theta.items()}
    value = f(leaves, x)
    (value**2).sum().backward()
    return value.detach(), {name: leaf.grad for name, leaf in leaves.items()}


@pytest.mark.parametrize("recompute", [False, True])
@pytest.mark.parametrize("precision", ["float32", "bf16"])
def test_it_is_the_tangent_tower_without_tangents_to_the_bit(either_tower, precision, recompute):
    shape, theta, x = shape_of(either_tower), parameters(either_tower, torch.float32), pixels(4)

    def plain(theta, x):
        return vit(shape, theta, x, recompute=recompute)

    def without_tangents(theta, x):
        return value_and_tangents(shape, theta, [], x, recompute=recompute)[0]

    with matmul_precision(precision, "cpu"):
        found, expected = (value_and_gradient(f, theta, x) for f in (plain, without_tangents))
        with torch.no_grad():
            assert torch.equal(plain(theta, x), without_tangents(theta, x))
    assert torch.equal(found[0], expected[0]) and found[0].abs().max() > 0
    for name in theta:
        assert torch.equal(found[1][name], expected[1][name]), name


def test_value_and_gradient_are_those_of_open_clips_module(either_tower):
    theta, x = parameters(either_tower.double(), torch.float64), pixels(3, torch.float64)
    shape = shape_of(either_tower)
    found = value_and_gradient(lambda theta, x: vit(shape, theta, x), theta, x)
    expected = value_and_gradient(function_of(either_tower), theta, x)
    torch.testing.assert_close(found, expected, rtol=1e-10, atol=1e-12)


def test_recomputed_activations_change_no_bit_and_are_not_kept(tower):
    theta, shape = parameters(tower, torch.float32), shape_of(tower)
    found, kept = {}, {}
    for recompute in (False, True):
        leaves = {n: v.requires_grad_() for n, v in direction(theta, 0.05).items()}
        value, kept[recompute] = kept_for_backward(vit, shape, leaves, pixels(4), recompute=recompute)
        (value**2).sum().backward()
        found[recompute] = [value.detach(), *(leaf.grad for leaf in leaves.values())]
    assert all(torch.equal(a, b) for a, b in zip(found[False], found[True], strict=True))
    assert kept[True] < kept[False] / 2


def test_patches_are_those_of_a_convolution():
    x, kernel = torch.randn(2, 3, 6, 8), torch.randn(5, 3, 2, 4)
    found = patches(x, 2, 4) @ kernel.flatten(1).T
    torch.testing.assert_close(found, nn.functional.conv2d(x, kernel, stride=(2, 4)).flatten(2).mT)


def test_part_takes_what_is_under_a_prefix():
    assert part({"a.b": 1, "a.c.d": 2, "b.a.b": 3}, "a.") == {"b": 1, "c.d": 2}


def test_the_shape_says_what_parameters_do_not(either_tower):
    shape = shape_of(either_tower)
    assert (shape.patch_size, shape.layers, shape.heads) == ((4, 4), 3, 2)
    assert shape.activation == ("gelu" if isinstance(either_tower.transformer.resblocks[0].mlp.gelu, nn.GELU) else
                                "quick_gelu")  # fmt: skip


def test_a_tower_with_extras_has_no_shape(tower):
    with pytest.raises(NoPlainVit, match="no plain ViT: .*type Linear; use lib.models.linearize.linearize"):
        shape_of(nn.Linear(2, 2))
    tower.pool_type = "avg"
    with pytest.raises(NoPlainVit, match="pooling other than the class token's"):
        shape_of(tower)
