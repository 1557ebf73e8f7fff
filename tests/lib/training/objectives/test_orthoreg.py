"""OrthoReg: its value by hand, at zero and at orthonormal columns; without strength it is the mode that it changes."""

import pytest
import torch

from lib.training.objectives.orthoreg import distance_from_orthonormal, linear_layers, penalty

SHAPES = [(5, 3), (3, 5), (4, 4)]


def matrix(shape, seed=0):
    return torch.randn(shape, dtype=torch.float64, generator=torch.Generator().manual_seed(seed))


@pytest.mark.parametrize("shape", SHAPES)
@pytest.mark.parametrize("squared", [True, False])
def test_it_is_the_distance_of_the_gram_matrix_of_columns_from_identity(shape, squared):
    """The shorter side's Gram matrix gives it, and its gradient, exactly."""
    update = matrix(shape).requires_grad_()
    norm = torch.linalg.matrix_norm(update.mT @ update - torch.eye(shape[1], dtype=torch.float64))
    expected = norm**2 if squared else norm
    found = distance_from_orthonormal(update, squared=squared)
    torch.testing.assert_close(found, expected)
    gradients = [torch.autograd.grad(value, update)[0] for value in (found, expected)]
    torch.testing.assert_close(*gradients)


def test_it_is_zero_at_orthonormal_columns_and_nowhere_else():
    columns = torch.linalg.qr(matrix((5, 3))).Q
    assert distance_from_orthonormal(columns) < 1e-28
    for other in (2 * columns, columns + 0.01 * matrix((5, 3), seed=1), torch.linalg.qr(matrix((5, 3))).Q.mT):
        assert distance_from_orthonormal(other) > 1e-4


def test_with_orthonormal_columns_the_root_has_a_finite_gradient():
    update = torch.eye(3, dtype=torch.float64).requires_grad_()
    distance_from_orthonormal(update, squared=False).backward()
    assert not update.grad.any()


def test_at_theta_0_it_is_the_sum_of_all_columns_and_stationary(context, theta_0):
    tau = {name: torch.zeros_like(value, requires_grad=True) for name, value in theta_0.items()}
    value = penalty(context("standard-orthoreg", strength=2.0))(tau, 0)
    layers = linear_layers(theta_0, ["*weight"])
    assert len(layers) == 3 * 4 and all("resblocks" in name for name in layers)
    assert value.item() == 2 * sum(theta_0[name].shape[1] for name in layers)
    value.backward()
    assert not any(tau[name].grad.any() for name in layers)


def test_patterns_say_which_layers_count(context, theta_0):
    attention = linear_layers(theta_0, context("linear-2-orthoreg").settings["layers"])
    assert len(attention) == 6 and all("attn" in name for name in attention)
    with pytest.raises(ValueError, match=r"match no weight of a linear layer: the names begin"):
        linear_layers(theta_0, ["ln_post.weight", "positional_embedding"])


@pytest.mark.parametrize("base", ["standard", "linear", "linear-2"])
def test_without_strength_it_is_the_mode_itself_to_the_bit_and_with_it_another(run, with_method, base):
    theta, log = run(base)
    same, same_log = with_method(f"{base}-orthoreg", strength=0.0)
    assert same_log == log and all(torch.equal(same[name], theta[name]) for name in theta)
    other, _ = with_method(f"{base}-orthoreg")
    assert any(not torch.equal(other[name], theta[name]) for name in theta)


def test_it_lengthens_the_task_vector(with_method, theta_0):
    """Its minimum lies at |dW|_F^2 = d, far from where fine-tuning goes."""
    name = "transformer.resblocks.1.mlp.c_fc.weight"
    lengths = [
        (with_method("linear-orthoreg", strength=strength)[0][name] - theta_0[name]).norm() for strength in (0.0, 1.0)
    ]
    assert lengths[1] > 1.1 * lengths[0]
