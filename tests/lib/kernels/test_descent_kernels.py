"""K-SGD, K-SignGD and K-A-SignGD on a case by hand and against explicit gradients."""

import pytest
import torch

from lib.kernels.descent_kernels import KERNELS, descent_kernels
from lib.kernels.ntk import ntk
from tests.lib.kernels.functions import case


def test_a_case_by_hand():
    """f(x) = a x_1 + b x_2 + c x_3: the gradient is x itself. (2, -1, 0) and (-3, -4, 5)."""
    theta = {"w": torch.ones(3, dtype=torch.float64)}
    x = torch.tensor([[2.0, -1.0, 0.0], [-3.0, -4.0, 5.0]], dtype=torch.float64)
    found = descent_kernels(lambda theta, x: x @ theta["w"], theta, x)
    assert found["sgd"][0].tolist() == [[5.0, -2.0], [-2.0, 50.0]]
    assert found["signgd"][0].tolist() == [[2.0, 0.0], [0.0, 3.0]]
    assert found["a-signgd"][0].tolist() == [[3.0, 1.0], [-1.0, 12.0]]


@pytest.mark.parametrize("kind", ["mlp", "text"])
@pytest.mark.parametrize("memory_mib", [1024, 0.06])
def test_they_equal_explicit_gradients(kind, memory_mib):
    """Of the parameters whose gradients are not zero by the model's form, as the biases of attention's keys are."""
    one = case(kind)
    names = [name for name in one.theta if "in_proj_bias" not in name]
    gradients = one.jacobians(names)
    sides = {"gradient": gradients, "sign": gradients.sign()}
    options = {"trained": names, "memory_mib": memory_mib}
    square = descent_kernels(one.f, one.theta, one.x, **options)
    beside = descent_kernels(one.f, one.theta, one.x[:3], one.x[2:], **options)
    for name, (left, right) in KERNELS.items():
        torch.testing.assert_close(square[name], torch.einsum("ncp,mcp->cnm", sides[left], sides[right]))
        torch.testing.assert_close(beside[name], torch.einsum("ncp,mcp->cnm", sides[left][:3], sides[right][2:]))


def test_sgds_kernel_is_the_ntk_and_signs_are_symmetric():
    one = case("mlp")
    found = descent_kernels(one.f, one.theta, one.x)
    torch.testing.assert_close(found["sgd"], ntk(one.f, one.theta, one.x))
    assert torch.equal(found["signgd"], found["signgd"].mT) and not torch.equal(found["a-signgd"], found["a-signgd"].mT)
    diagonal = found["signgd"].diagonal(dim1=1, dim2=2)
    assert (diagonal == diagonal.round()).all() and (diagonal > 0).all()


def test_other_names_are_refused():
    one = case("mlp")
    with pytest.raises(ValueError, match=r"\['adam'\]: choose from sgd, signgd, a-signgd"):
        descent_kernels(one.f, one.theta, one.x, kernels=["adam"])
