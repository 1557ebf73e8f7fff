"""Gram matrices against recorded inputs of every layer, the Fisher information against one image at a time."""

from types import SimpleNamespace

import pytest
import torch
import torch.nn.functional as F
from torch import nn

from lib.editing.merging import fisher as fisher_merging
from lib.editing.merging import regmean
from lib.editing.merging.regmean import solved
from lib.editing.task_vector import TaskVector
from lib.files import checkpoints
from lib.kernels.moments import fisher, gram_matrices
from lib.models.clip import tower_parameters
from lib.models.encoders.image import encoder_of
from lib.models.heads import logits
from lib.parameters import ParameterMismatch


@pytest.fixture
def encoder(tower):
    return encoder_of(SimpleNamespace(visual=tower))


@pytest.fixture
def theta(tower):
    return {name: value.double() for name, value in tower_parameters(SimpleNamespace(visual=tower)).items()}


@pytest.fixture
def x():
    return torch.randn(5, 3, 8, 8, generator=torch.Generator().manual_seed(0), dtype=torch.float64)


def mlp(theta, x):
    return F.linear(F.linear(x, theta["one"], theta["bias"]).tanh(), theta["two"])


def weights(seed):
    generator = torch.Generator().manual_seed(seed)
    shapes = {"one": (4, 3), "bias": (4,), "two": (2, 4)}
    return {n: torch.randn(s, generator=generator, dtype=torch.float64) for n, s in shapes.items()}


def test_gram_matrices_by_hand():
    x, theta = torch.randn(7, 6, 3, dtype=torch.float64), weights(0)
    found = gram_matrices(mlp, theta, [x[:4], x[4:]])
    hidden = F.linear(x, theta["one"], theta["bias"]).tanh()
    assert found.keys() == {"one@0", "two@0"}
    for name, inputs in (("one@0", x), ("two@0", hidden)):
        rows = inputs.flatten(0, 1)
        torch.testing.assert_close(found[name], rows.T @ rows / 7)


def test_every_matrix_of_a_tower_is_seen(encoder, theta, x):
    """Four of each block, the last block's fused one in two parts (queries of one token), patches and projection."""
    found = gram_matrices(encoder.value, theta, [x])
    matrices = {name for name, value in theta.items() if value.ndim > 1 and name != "positional_embedding"}
    assert {key.rpartition("@")[0] for key in found} == matrices and len(matrices) == 3 * 4 + 2
    last = [key for key in found if key.startswith("transformer.resblocks.2.attn.in_proj_weight@")]
    assert sorted(key.rpartition("@")[2] for key in last) == ["0", "16"] and len(found) == len(matrices) + 1
    assert "proj@columns" in found


def test_they_are_those_of_the_inputs_of_open_clips_own_layers(tower, encoder, theta, x):
    """The layers that are modules of their own, by hooks: their inputs for all tokens."""
    tower = tower.double()
    seen = {}
    for index, block in enumerate(tower.transformer.resblocks):
        for name, layer in (("mlp.c_fc", block.mlp.c_fc), ("mlp.c_proj", block.mlp.c_proj)):
            key = f"transformer.resblocks.{index}.{name}.weight@0"
            layer.register_forward_hook(lambda module, inputs, _, key=key: seen.__setitem__(key, inputs[0]))
    with torch.no_grad():
        tower(x)
    found = gram_matrices(encoder.value, theta, [x])
    for key, inputs in seen.items():
        if "resblocks.2" in key:  # the last block computes the class token alone
            inputs = inputs[:, :1] if inputs.shape[0] == len(x) else inputs[:1].transpose(0, 1)
        rows = inputs.flatten(0, -2)
        torch.testing.assert_close(found[key], rows.T @ rows / len(x))


@pytest.mark.parametrize("seed", [0, None])
def test_fisher_against_one_image_at_a_time(seed):
    theta, x, head = weights(0), torch.randn(6, 3, dtype=torch.float64), torch.randn(3, 2)
    found = fisher(mlp, theta, [x[:4], x[4:]], head, seed=seed)
    generator, expected = torch.Generator().manual_seed(0), {name: torch.zeros_like(v) for name, v in theta.items()}
    drawn = torch.cat(
        [
            torch.multinomial(logits(mlp(theta, part), head).softmax(-1).double(), 1, generator=generator)
            for part in (x[:4], x[4:])
        ]
    )
    for one, label in zip(x, drawn, strict=True):
        leaves = {name: value.clone().requires_grad_() for name, value in theta.items()}
        log_p = logits(mlp(leaves, one[None]), head).log_softmax(-1)[0]
        for c in [int(label)] if seed is not None else range(3):
            gradients = torch.autograd.grad(log_p[c], list(leaves.values()), retain_graph=True)
            share = 1 if seed is not None else float(log_p[c].detach().exp())
            for name, gradient in zip(leaves, gradients, strict=True):
                expected[name] += share * gradient.square() / len(x)
    for name in theta:
        torch.testing.assert_close(found[name], expected[name], rtol=1e-4, atol=1e-7)


def test_it_is_not_the_square_of_a_sum():
    """Two images whose gradients cancel have no sum, but information."""
    theta = {"w": torch.zeros(2, 1, dtype=torch.float64)}
    head = torch.eye(2)
    x = torch.tensor([[1.0], [-1.0]], dtype=torch.float64)
    embed = lambda x: torch.ones(len(x), 2, dtype=torch.float64)  # noqa: E731
    found = fisher(lambda theta, x: F.linear(x, theta["w"]), theta, [x], head, embed=embed, seed=None)
    assert found["w"].min() > 1e-3


def test_a_towers_gradients_come_image_by_image(encoder, theta, x):
    head = torch.randn(4, 8, generator=torch.Generator().manual_seed(2))
    together = fisher(encoder.value, theta, [x], head, seed=None)
    alone = [fisher(encoder.value, theta, [one[None]], head, seed=None) for one in x]
    for name in theta:
        torch.testing.assert_close(together[name], sum(f[name] for f in alone) / len(x), rtol=1e-5, atol=1e-9)
    assert min(value.min() for value in together.values()) >= 0


def test_no_image_is_refused():
    for found in (lambda: gram_matrices(mlp, weights(0), []), lambda: fisher(mlp, weights(0), [], torch.eye(2))):
        with pytest.raises(ValueError, match="no image"):
            found()


# the merging rules that read them


def inputs_of(seed, n=9, size=3):
    return torch.randn(n, size, generator=torch.Generator().manual_seed(seed), dtype=torch.float64)


def test_regmean_is_least_squares_on_stacked_activations():
    xs, ws = [inputs_of(s) for s in range(3)], [inputs_of(s + 10, n=4) for s in range(3)]
    found = solved([(w, x.T @ x) for w, x in zip(ws, xs, strict=True)])
    stacked, wanted = torch.cat(xs), torch.cat([x @ w.T for x, w in zip(xs, ws, strict=True)])
    torch.testing.assert_close(found, torch.linalg.lstsq(stacked, wanted).solution.T)


@pytest.fixture
def merging(tmp_path, encoder, theta, x):
    """Task vectors of a tower, and the files of their moments."""
    taus, files = {}, {"gram": {}, "fisher": {}}
    for seed, task in enumerate(("Cars", "DTD", "MNIST")):
        generator = torch.Generator().manual_seed(seed)
        taus[task] = TaskVector(
            {n: 0.1 * torch.randn(v.shape, generator=generator, dtype=torch.float64) for n, v in theta.items()}
        )
        own = taus[task].apply(theta)
        head = torch.randn(4, 8, generator=generator)
        found = {
            "gram": gram_matrices(encoder.value, own, [x + seed]),
            "fisher": fisher(encoder.value, own, [x + seed], head),
        }
        for kind, tensors in found.items():
            files[kind][task] = tmp_path / f"{task}-{kind}.safetensors"
            checkpoints.save(files[kind][task], {name: value.contiguous() for name, value in tensors.items()})
    return taus, files


def merged(module, taus, files, rho=1.0):
    kept = {kind: {task: paths[task] for task in taus} for kind, paths in files.items()}
    return module.merge(taus, kept, {"rho": rho})


RULES = [regmean, fisher_merging]


@pytest.mark.parametrize("module", RULES)
class TestRulesThatReadMoments:
    def test_of_one_task_it_is_its_vector(self, module, merging):
        taus, files = merging
        found = merged(module, {"DTD": taus["DTD"]}, files, rho=0.95)
        for name, value in taus["DTD"].items():
            torch.testing.assert_close(found[name], value, rtol=1e-6, atol=1e-8)

    def test_the_order_of_tasks_does_not_matter(self, module, merging):
        taus, files = merging
        one, other = merged(module, taus, files), merged(module, dict(reversed(taus.items())), files)
        for name in one:
            torch.testing.assert_close(one[name], other[name], rtol=1e-6, atol=1e-8)

    def test_vectors_of_other_models_are_refused(self, module, merging):
        taus, files = merging
        with pytest.raises(ParameterMismatch):
            merged(module, {**taus, "MNIST": TaskVector({"proj": taus["MNIST"]["proj"]})}, files)

    def test_it_changes_no_vector(self, module, merging):
        taus, files = merging
        before = {task: {name: value.clone() for name, value in tau.items()} for task, tau in taus.items()}
        merged(module, taus, files)
        assert all(torch.equal(taus[task][name], before[task][name]) for task in taus for name in taus[task])


def test_equal_gram_matrices_give_the_mean(merging):
    taus, files = merging
    same = {"gram": dict.fromkeys(taus, files["gram"]["DTD"])}
    found, mean = regmean.merge(taus, same, {"rho": 0.95}), sum(taus.values()) / 3
    for name in mean:
        torch.testing.assert_close(found[name], mean[name], rtol=1e-5, atol=1e-7)


def test_regmean_has_the_least_error_of_outputs(merging):
    """Its objective is lower than that of the mean, of a projection too, whose columns are what its inputs meet."""
    taus, files = merging
    found, mean = merged(regmean, taus, files), sum(taus.values()) / 3
    grams = {task: checkpoints.load(path) for task, path in files["gram"].items()}
    for name, columns in (("proj", True), ("transformer.resblocks.0.mlp.c_fc.weight", False)):
        key = f"{name}@{'columns' if columns else 0}"

        def error(value, name=name, key=key, columns=columns):
            off = [(value[name] - taus[task][name], grams[task][key]) for task in taus]
            return sum(((d.T if columns else d) @ g * (d.T if columns else d)).sum() for d, g in off)

        assert error(found) < error(mean)


def test_fisher_merging_by_hand(tmp_path):
    values = {"a": ([1.0, 2.0, 6.0], [3.0, 0.0, 0.0]), "b": ([5.0, -2.0, 2.0], [0.0, 4.0, 0.0])}
    taus, files = {}, {}
    for task, (tau, information) in values.items():
        taus[task] = TaskVector({"w": torch.tensor(tau)})
        files[task] = tmp_path / f"{task}.safetensors"
        checkpoints.save(files[task], {"w": torch.tensor(information)})
    assert fisher_merging.merge(taus, {"fisher": files}, {})["w"].tolist() == [1.0, -2.0, 4.0]


def test_a_fisher_information_of_nothing_is_refused(tmp_path):
    checkpoints.save(tmp_path / "f.safetensors", {"w": torch.zeros(2)})
    with pytest.raises(ValueError, match="zero in every element"):
        fisher_merging.merge({"a": TaskVector({"w": torch.ones(2)})}, {"fisher": {"a": tmp_path / "f.safetensors"}}, {})


def test_a_module_that_is_no_plain_vit_is_seen_too(x):
    """Any function of named tensors, such as open_clip's fused attention as a module."""
    torch.manual_seed(0)
    attention = nn.MultiheadAttention(8, 2, batch_first=True).double()
    theta = {name: value.detach() for name, value in attention.named_parameters()}

    def f(theta, x):
        return torch.func.functional_call(attention, theta, (x, x, x), {"need_weights": False})[0].flatten(1)

    tokens = x[:, 0]
    found = gram_matrices(f, theta, [tokens])
    rows = tokens.flatten(0, 1)
    torch.testing.assert_close(found["in_proj_weight@0"], rows.T @ rows / len(x))
    assert found.keys() == {"in_proj_weight@0", "out_proj.weight@0"}
