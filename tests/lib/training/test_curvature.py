"""Quadratic forms in Kronecker factors: value, gradient, merging, and their files."""

import pytest
import torch

from lib.files import checkpoints
from lib.files.checkpoints import CheckpointError
from lib.training.curvature import Curvature, Layer, load, merged, quadratic, save
from tests.lib.models.functions import require_once_differentiable


def symmetric(side, seed):
    root = torch.randn(side, side + 2, dtype=torch.float64, generator=torch.Generator().manual_seed(seed))
    return root @ root.mT


def made(seed=0, size=10, inputs=None):
    """Two layers, one with a bias and one stored as inputs times outputs, and a block."""
    a = [symmetric(5, seed), symmetric(3, seed + 1)] if inputs is None else inputs
    layers = {
        "fc.weight": Layer(a[0], symmetric(3, seed + 2), 7, bias="fc.bias"),
        "proj": Layer(a[1], symmetric(2, seed + 3), 1, transposed=True),
    }
    return Curvature(layers, {"ln.weight": symmetric(4, seed + 4)}, size)


def vector(seed=9):
    shapes = {"fc.weight": (3, 4), "fc.bias": (3,), "proj": (3, 2), "ln.weight": (4,), "conv1.weight": (2, 2)}
    generator = torch.Generator().manual_seed(seed)
    return {name: torch.randn(shape, dtype=torch.float64, generator=generator) for name, shape in shapes.items()}


def dense(curvature, tau, weights=None):
    """The same by explicit Kronecker products."""
    weights, total = weights or {}, 0.0
    for name, layer in curvature.layers.items():
        change = tau[name].mT if layer.transposed else torch.cat([tau[name], tau[layer.bias][:, None]], 1)
        flat = change.flatten()
        total += weights.get(name, 1.0) * flat @ torch.kron(layer.outputs, layer.inputs) @ flat
    for name, block in curvature.blocks.items():
        total += weights.get(name, 1.0) * tau[name] @ block @ tau[name]
    return total


@pytest.mark.parametrize("weights", [None, {"proj": 0.1, "ln.weight": 10.0}])
def test_it_is_the_form_of_the_explicit_matrix_with_its_gradient(weights):
    tau = {name: value.requires_grad_() for name, value in vector().items()}
    found, expected = made().quadratic(tau, weights=weights), dense(made(), tau, weights)
    torch.testing.assert_close(found, expected)
    gradients = [torch.autograd.grad(value, list(tau.values()), allow_unused=True) for value in (found, expected)]
    for name, one, other in zip(tau, *gradients, strict=True):
        assert (one is None and other is None and name == "conv1.weight") or torch.allclose(one, other, rtol=1e-10)


def test_its_gradient_is_twice_b_dw_a_and_cannot_be_differentiated_again():
    update = vector()["fc.weight"].requires_grad_()
    b, a = symmetric(3, 0), symmetric(4, 1)
    value = quadratic(update, b, a)
    torch.testing.assert_close(value, torch.trace(b @ update @ a @ update.mT))
    (gradient,) = torch.autograd.grad(value, update)
    torch.testing.assert_close(gradient, 2 * b @ update @ a)
    require_once_differentiable(lambda tau: quadratic(tau["fc.weight"], b, a), {"fc.weight": update.detach()})


def test_it_is_zero_at_zero_and_never_negative():
    assert made().quadratic({name: 0 * value for name, value in vector().items()}) == 0
    assert min(made().quadratic(vector(seed)).item() for seed in range(20)) > 0


def test_merged_weighs_inputs_by_images_and_sums_outputs():
    one, other = made(0, size=10), made(20, size=30)
    total = merged([one, other])
    for name in one.layers:
        a, b = one.layers[name], other.layers[name]
        torch.testing.assert_close(total.layers[name].inputs, 0.25 * a.inputs + 0.75 * b.inputs)
        torch.testing.assert_close(total.layers[name].outputs, a.outputs + b.outputs)
    block = 0.25 * one.blocks["ln.weight"] + 0.75 * other.blocks["ln.weight"]
    torch.testing.assert_close(total.blocks["ln.weight"], block)
    assert total.size == 40 and total.layers["proj"].transposed and total.layers["fc.weight"].bias == "fc.bias"


def test_merged_layers_are_the_sum_if_all_inputs_have_one_second_moment():
    same = [symmetric(5, 100), symmetric(3, 101)]
    parts, tau = [made(seed, size=seed + 1, inputs=same) for seed in (0, 20, 40)], vector()
    tau["ln.weight"] *= 0
    torch.testing.assert_close(merged(parts).quadratic(tau), sum(part.quadratic(tau) for part in parts))


def test_merging_leaves_its_parts_as_they_are_and_refuses_others():
    parts = [made(0), made(20)]
    merged(parts)
    assert torch.equal(parts[0].layers["proj"].inputs, made(0).layers["proj"].inputs)
    assert torch.equal(parts[0].blocks["ln.weight"], made(0).blocks["ln.weight"])
    with pytest.raises(ValueError, match="no curvature to merge: the run has no other task"):
        merged([])
    with pytest.raises(ValueError, match="of other layers"):
        merged([made(), Curvature({}, {}, 1)])


def test_files_hold_it_to_the_bit(tmp_path):
    path = tmp_path / "curvature.safetensors"
    save(path, made())
    found = load(path)
    for name, layer in made().layers.items():
        again = found.layers[name]
        assert (again.tokens, again.bias, again.transposed) == (layer.tokens, layer.bias, layer.transposed)
        for matrix, expected in ((again.inputs, layer.inputs), (again.outputs, layer.outputs)):
            assert torch.equal(matrix.triu(), expected.triu()) and torch.equal(matrix, matrix.mT)
    assert torch.equal(found.blocks["ln.weight"].triu(), made().blocks["ln.weight"].triu()) and found.size == 10
    assert path.stat().st_size < 8 * (15 + 6 + 6 + 3 + 10) + 1000


def test_another_file_is_refused(tmp_path):
    checkpoints.save(tmp_path / "other.safetensors", {"proj": torch.zeros(2)})
    with pytest.raises(CheckpointError, match="no file of curvatures: run the rule `curvature` again"):
        load(tmp_path / "other.safetensors")
