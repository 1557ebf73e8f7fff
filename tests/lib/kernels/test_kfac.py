"""K-FAC against explicit Jacobians: exact for one layer, by definition for a ViT, random samples in the mean."""

import pytest
import torch
import torch.nn.functional as F

from lib.kernels import kfac
from lib.models.linearize import differentiable_attention
from lib.models.vit import shape_of, vit
from lib.parameters import matching
from lib.training.modes import OF_CURVATURE
from tests.lib.kernels.functions import case

X = torch.randn(6, 4, dtype=torch.float64, generator=torch.Generator().manual_seed(0))


def normal(*shape, seed=1):
    return torch.randn(*shape, dtype=torch.float64, generator=torch.Generator().manual_seed(seed))


@pytest.mark.parametrize("bias", [False, True])
def test_of_one_linear_layer_it_is_exact(bias):
    """f = W x + b: B = I, and the form is the mean of |dW x + db|^2."""
    theta = {"weight": normal(3, 4)} | ({"bias": normal(3, seed=2)} if bias else {})
    change = {name: normal(*value.shape, seed=3) for name, value in theta.items()}

    def f(theta, x):
        return F.linear(x, theta["weight"], theta.get("bias"))

    found = kfac.curvature(f, theta, [X[:2], X[2:]], trained=list(theta), samples=None)
    assert not found.blocks and found.size == 6 and found.layers["weight"].tokens == 1
    torch.testing.assert_close(found.layers["weight"].outputs, torch.eye(3, dtype=torch.float64))
    torch.testing.assert_close(found.quadratic(change), f(change, X).square().sum(1).mean())


def test_of_a_layer_stored_as_inputs_times_outputs_too():
    theta, change = {"proj": normal(4, 3)}, {"proj": normal(4, 3, seed=3)}
    found = kfac.curvature(lambda theta, x: x @ theta["proj"], theta, [X], trained=["proj"], samples=None)
    assert found.layers["proj"].transposed and found.layers["proj"].inputs.shape == (4, 4)
    torch.testing.assert_close(found.quadratic(change), (X @ change["proj"]).square().sum(1).mean())


@pytest.fixture(scope="module")
def exact(request):
    """A ViT's curvature of the normalised embedding by unit vectors, with what it is made of."""
    import open_clip

    torch.manual_seed(0)
    vision = {"image_size": 8, "patch_size": 4, "width": 8, "layers": 2, "head_width": 4}
    text = {"context_length": 8, "vocab_size": 32, "width": 8, "heads": 2, "layers": 1}
    tower = open_clip.CLIP(embed_dim=6, quick_gelu=True, vision_cfg=vision, text_cfg=text).visual.eval().double()
    theta, shape = {name: value.detach() for name, value in tower.named_parameters()}, shape_of(tower)
    x, trained = normal(5, 3, 8, 8), matching(theta, OF_CURVATURE)

    def f(theta, x):
        return F.normalize(vit(shape, theta, x), dim=-1)

    return f, theta, x, trained, kfac.curvature(f, theta, [x[:3], x[3:]], trained=trained, samples=None)


def test_every_trained_parameter_has_a_part(exact):
    *_, trained, found = exact
    biases = {layer.bias for layer in found.layers.values() if layer.bias}
    assert {*found.layers, *found.blocks, *biases} == set(trained)
    assert len(found.layers) == 2 * 4 + 1 and not biases & set(found.blocks)
    assert {name for name in found.blocks if "ln_" not in name} == {"class_embedding"}
    fused = found.layers["transformer.resblocks.0.attn.in_proj_weight"]
    assert fused.inputs.shape == (9, 9) and fused.outputs.shape == (24, 24) and fused.tokens == 5
    last = found.layers["transformer.resblocks.1.attn.in_proj_weight"]
    assert last.outputs.shape == (24, 24) and last.tokens == 5
    assert found.layers["transformer.resblocks.1.mlp.c_fc.weight"].tokens == 1


def test_blocks_are_those_of_the_explicit_matrix(exact):
    f, theta, x, _, found = exact
    with differentiable_attention():
        jacobian = torch.func.jacrev(lambda theta: f(theta, x))(theta)
    for name, block in found.blocks.items():
        rows = jacobian[name].flatten(2)
        torch.testing.assert_close(block, torch.einsum("ncp,ncq->pq", rows, rows) / len(x))


def test_factors_are_those_of_recorded_inputs_and_gradients(exact):
    """By autograd through a layer written out, for a weight of every kind that has one use."""
    f, theta, x, _, found = exact
    for name in ("transformer.resblocks.0.attn.in_proj_weight", "transformer.resblocks.0.mlp.c_proj.weight", "proj"):
        a, outputs = recorded(f, theta, x, name)
        n, d = len(x), 6
        layer = found.layers[name]
        if layer.bias:
            a = F.pad(a, (0, 1), value=1.0)
        torch.testing.assert_close(layer.inputs, torch.einsum("ntp,ntq->pq", a, a) / n / a.shape[1])
        torch.testing.assert_close(layer.outputs, outputs / n)
        assert outputs.shape[0] == layer.outputs.shape[0] and d == 6


def recorded(f, theta, x, name):
    """(inputs Float64[n, t, in], sum over images, outputs c and tokens of g g^T), by F.linear's own arguments."""
    seen, linear, own = [], F.linear, theta[name].untyped_storage().data_ptr()

    def told(a, weight, bias=None):
        z = linear(a, weight, bias)
        if weight.untyped_storage().data_ptr() == own:
            z = z.requires_grad_() if not z.requires_grad else z
            z.retain_grad()
            seen.append((a, z))
        return z

    with pytest.MonkeyPatch.context() as patch, differentiable_attention():
        patch.setattr("torch.nn.functional.linear", told)
        embeddings = f(theta, x.clone().requires_grad_())
    ((a, z),) = seen
    total = 0.0
    for c in range(embeddings.shape[1]):
        (g,) = torch.autograd.grad(embeddings[:, c].sum(), z, retain_graph=True)
        g = g.reshape(len(x), -1, g.shape[-1])
        total = total + torch.einsum("ntp,ntq->pq", g, g)
    return a.detach().reshape(len(x), -1, a.shape[-1]), total


def test_queries_of_the_last_block_are_rows_of_one_layer(exact):
    """Its B has the explicit blocks on its diagonal: queries of the class token, keys and values of every token."""
    f, theta, x, _, found = exact
    name = "transformer.resblocks.1.attn.in_proj_bias"
    with differentiable_attention():
        rows = torch.func.jacrev(lambda bias: f({**theta, name: bias}, x))(theta[name])
    outputs = found.layers[name.replace("bias", "weight")].outputs
    queries = torch.einsum("ncp,ncq->pq", rows[..., :8], rows[..., :8]) / len(
        x
    )  # one token: its gradient is the bias's
    torch.testing.assert_close(outputs[:8, :8], queries)
    assert outputs[8:, 8:].abs().sum() > 0 and torch.allclose(outputs, outputs.mT)


def test_factors_are_positive_semidefinite(exact):
    *_, found = exact
    matrices = [m for layer in found.layers.values() for m in (layer.inputs, layer.outputs)]
    for matrix in (*matrices, *found.blocks.values()):
        assert torch.linalg.eigvalsh(matrix).min() > -1e-12 * matrix.trace() and matrix.trace() > 0


def test_random_samples_give_the_exact_factors_in_the_mean(exact):
    f, theta, x, trained, expected = exact
    names = [name for name in trained if name.startswith(("ln_post", "transformer.resblocks.0.attn"))]
    found = kfac.curvature(f, theta, [x], trained=names, samples=3000, seed=1)
    for name, layer in found.layers.items():
        torch.testing.assert_close(layer.inputs, expected.layers[name].inputs)
        difference = (layer.outputs - expected.layers[name].outputs).norm()
        assert 0 < difference < 0.1 * expected.layers[name].outputs.norm()
    for name, block in found.blocks.items():
        assert 0 < (block - expected.blocks[name]).norm() < 0.1 * expected.blocks[name].norm()


def test_samples_do_not_depend_on_the_batches(exact):
    f, theta, x, trained, _ = exact
    whole, parts = (
        kfac.curvature(f, theta, batches, trained=trained, samples=2, seed=3) for batches in ([x], [x[:1], x[1:]])
    )
    for name in whole.layers:
        torch.testing.assert_close(whole.layers[name].outputs, parts.layers[name].outputs)
    other = kfac.curvature(f, theta, [x], trained=trained, samples=2, seed=4)
    assert not torch.allclose(other.layers["proj"].outputs, whole.layers["proj"].outputs)


def test_what_has_no_factors_is_refused(exact):
    f, theta, x, _, _ = exact
    with pytest.raises(ValueError, match="positional_embedding is a matrix whose gradient comes in no factors"):
        kfac.curvature(f, theta, [x], trained=["positional_embedding"])
    with pytest.raises(ValueError, match="one point at least"):
        kfac.curvature(f, theta, [], trained=["proj"])


def test_weights_that_meet_different_inputs_are_refused():
    theta = {"weight": normal(4, 4)}

    def f(theta, x):
        return F.linear(x, theta["weight"][:2]) + F.linear(x.tanh(), theta["weight"][2:])

    with pytest.raises(ValueError, match="parts of weight meet different inputs"):
        kfac.curvature(f, theta, [X], trained=["weight"])


def test_an_mlp_has_a_factor_for_each_layer():
    one = case("mlp")
    found = kfac.curvature(one.f, one.theta, [one.x], trained=list(one.theta), samples=None)
    assert [layer.bias for layer in found.layers.values()] == [n.replace("weight", "bias") for n in found.layers]
