"""Contrastive pre-training on a tiny CLIP, and the weights that ship with the repository."""

import json
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch
from open_clip.tokenizer import SimpleTokenizer
from open_clip.transformer import QuickGELU

from lib.files import checkpoints
from lib.synthetic.captioned import all_captions, draw_captioned
from lib.synthetic.vocabulary import learn_merges
from lib.training import contrastive

SHIPPED = Path(__file__).parents[3] / "demo" / "clip"
TINY = {
    "embed_dim": 16,
    "quick_gelu": True,
    "vision_cfg": {"image_size": 32, "patch_size": 16, "width": 32, "layers": 1, "head_width": 16},
    "text_cfg": {"context_length": 16, "vocab_size": 1072, "width": 32, "heads": 2, "layers": 1},
}
RECIPE = contrastive.Recipe(
    steps=12, batch_size=16, learning_rate=3e-3, warmup=2, weight_decay=0.1, max_gradient_norm=1.0, seed=1
)


@pytest.fixture(scope="module")
def tokenizer():
    return SimpleTokenizer(bpe_path=str(SHIPPED / "merges.txt.gz"), context_length=16)


@pytest.fixture(scope="module")
def captioned():
    return draw_captioned(0, 0, 64)


def weights(model):
    return {name: tensor.clone() for name, tensor in model.state_dict().items()}


def assert_equal(first, second):
    assert first.keys() == second.keys()
    for name, tensor in first.items():
        assert torch.equal(tensor, second[name]), name


def test_the_loss_falls(tokenizer, captioned):
    recipe = replace(RECIPE, steps=40, learning_rate=5e-3)
    log = contrastive.pretrain(contrastive.build(TINY, 1), tokenizer, captioned, recipe, log_every=10)
    assert [row.step for row in log] == [10, 20, 30, 40]
    assert log[-1].loss < log[0].loss - 0.1
    assert all(0 <= row.correct <= 1 and 1 <= row.logit_scale <= 100.01 for row in log)


def test_an_interrupted_run_ends_as_an_undisturbed_one(tokenizer, captioned, tmp_path):
    whole, parts = contrastive.build(TINY, 1), contrastive.build(TINY, 1)
    undisturbed = contrastive.pretrain(whole, tokenizer, captioned, RECIPE, log_every=5)
    state = tmp_path / "state.pt"
    contrastive.pretrain(parts, tokenizer, captioned, RECIPE, state=state, log_every=5, stop_after=7)
    resumed = contrastive.build(TINY, 2)
    log = contrastive.pretrain(resumed, tokenizer, captioned, RECIPE, state=state, log_every=5)
    assert log == undisturbed
    assert_equal(weights(resumed), weights(whole))


def test_a_state_of_another_recipe_is_refused(tokenizer, captioned, tmp_path):
    state = tmp_path / "state.pt"
    contrastive.pretrain(contrastive.build(TINY, 1), tokenizer, captioned, RECIPE, state=state, stop_after=1)
    with pytest.raises(ValueError, match="Delete it"):
        other = replace(RECIPE, learning_rate=1e-3)
        contrastive.pretrain(contrastive.build(TINY, 1), tokenizer, captioned, other, state=state)


def test_threads_only_cut_the_batch(tokenizer, captioned):
    models = [contrastive.build(TINY, 1).double() for _ in range(2)]
    batch = contrastive.normalised(torch.from_numpy(captioned.images[:5])).double()
    text = tokenizer(["a star", "a tree", "the digit one"])
    gradients = []
    for model, threads in zip(models, (1, 2), strict=True):
        replicas = contrastive.Replicas(model, threads, bfloat16=False)
        features = list(zip(*replicas.features(batch, text), strict=True))
        replicas.backward(features, [tuple(2 * piece.detach() for piece in pair) for pair in features])
        gradients.append({name: p.grad for name, p in model.named_parameters() if p.grad is not None})
    assert gradients[0].keys() == gradients[1].keys()
    for name, gradient in gradients[0].items():
        torch.testing.assert_close(gradient, gradients[1][name], atol=1e-6, rtol=1e-5)


def test_the_loss_is_the_cross_entropy_of_cosines():
    features, captions = torch.eye(3)[[0, 1, 1]], torch.eye(3)[:2]
    loss, correct = contrastive.contrastive_loss(features, captions, torch.tensor([0, 1, 0]), torch.tensor(2.0))
    right, wrong = np.log(1 + np.exp(-2)), np.log(1 + np.exp(2))
    np.testing.assert_allclose(loss, (2 * right + wrong) / 3, rtol=1e-6)
    np.testing.assert_allclose(correct, 2 / 3, rtol=1e-6)


def test_shipped_weights_load_into_open_clip_and_match_the_vocabulary(tokenizer):
    architecture = json.loads((SHIPPED / "ViT-demo-8.json").read_text())
    model = contrastive.build(architecture, 0)
    model.load_state_dict(checkpoints.load(SHIPPED / "clip.safetensors"), strict=True)
    assert isinstance(model.visual.transformer.resblocks[0].mlp.gelu, QuickGELU)
    assert model.vocab_size == tokenizer.vocab_size == len(learn_merges(all_captions())) + 514
    assert (SHIPPED / "clip.safetensors").stat().st_size < 12e6
    assert all(torch.isfinite(tensor).all() for tensor in model.state_dict().values())
