"""Products with a weight that all points share: the batched product's numbers and tape, from one product."""

import torch
from torch import ops
from torch.utils._python_dispatch import TorchDispatchMode

from lib.kernels.shared_weights import SharedWeights

GENERATOR = torch.Generator().manual_seed(0)


def draw(*shape):
    return torch.randn(*shape, generator=GENERATOR, dtype=torch.float64, requires_grad=True)


class Seen(TorchDispatchMode):
    """Below the mode under test: the products that are left."""

    def __init__(self):
        super().__init__()
        self.products = []

    def __torch_dispatch__(self, function, types, args=(), kwargs=None):
        if function in (ops.aten.bmm.default, ops.aten.mm.default):
            self.products.append(function)
        return function(*args, **(kwargs or {}))


def passes(many, weight, cotangent):
    out = torch.bmm(many, weight)
    return out, torch.autograd.grad(out, many, cotangent)[0]


def test_forward_and_backward_are_one_product_each_and_the_same_numbers():
    many, weight, cotangent = draw(5, 3, 4), draw(4, 6).detach().expand(5, 4, 6), draw(5, 3, 6).detach()
    expected = passes(many, weight, cotangent)
    with Seen() as seen, SharedWeights():
        found = passes(many, weight, cotangent)
    assert seen.products == [ops.aten.mm.default] * 2
    for one, other in zip(found, expected, strict=True):
        torch.testing.assert_close(one, other)
    assert found[0].grad_fn.name() == "BmmBackward0" and found[0].is_contiguous()


def test_points_of_any_layout_are_multiplied():
    many, weight = draw(3, 5, 4).detach().transpose(0, 1), draw(6, 4).detach().mT.expand(5, 4, 6)
    with SharedWeights():
        torch.testing.assert_close(torch.bmm(many, weight), many @ weight[0])


def test_weights_with_memory_for_each_point_stay_a_batch():
    many, weight = draw(5, 3, 4).detach(), draw(5, 4, 6).detach()
    with Seen() as seen, SharedWeights():
        torch.bmm(many, weight)
        torch.bmm(many[:1], weight[:1])
    assert seen.products == [ops.aten.bmm.default] * 2
