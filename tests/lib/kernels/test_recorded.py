"""A recorded function: its outputs, a copy of each parameter for each point, and the inputs of its layers."""

import torch

from lib.kernels.recorded import record


def network(theta, x):
    return torch.relu(x @ theta["first"].mT + theta["bias"]) @ theta["second"].mT


def drawn():
    generator = torch.Generator().manual_seed(0)
    shapes = {"first": (5, 3), "bias": (5,), "second": (2, 5)}
    theta = {n: torch.randn(shape, generator=generator, dtype=torch.float64) for n, shape in shapes.items()}
    return theta, torch.randn(4, 3, generator=generator, dtype=torch.float64)


def test_outputs_are_the_functions():
    theta, x = drawn()
    torch.testing.assert_close(record(network, theta, x, theta).outputs, network(theta, x))


def test_gradients_of_copies_are_those_of_single_points():
    theta, x = drawn()
    found = record(network, theta, x, ["bias"])
    (gradients,) = torch.autograd.grad(found.outputs.sum(), [found.copies["bias"]])
    bias = theta["bias"].requires_grad_()
    for point, gradient in zip(x, gradients, strict=True):
        (own,) = torch.autograd.grad(network(theta, point[None]).sum(), [bias])
        torch.testing.assert_close(gradient, own)


def test_products_know_what_goes_into_a_layer():
    theta, x = drawn()
    found = record(network, theta, x, theta)
    hidden = torch.relu(x @ theta["first"].mT + theta["bias"])
    for name, inputs in (("first", x), ("second", hidden)):
        ((use,),) = found.products[name]
        torch.testing.assert_close(use.activations[:, 0], inputs)
    assert found.products["bias"] == []
