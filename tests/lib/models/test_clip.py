"""open_clip's whole CLIP: read, drawn at random, checked."""

import json

import open_clip
import pytest
import torch
from safetensors.torch import save_file

from lib.models import clip as clips
from lib.models.architectures import EncoderError
from tests.lib.models.conftest import TINY


def test_theta_0_is_the_image_tower_in_float32(clip):
    theta_0 = clips.tower_parameters(clip.half())
    assert {name: value.shape for name, value in theta_0.items()} == {
        name: value.shape for name, value in clip.visual.named_parameters()
    }
    assert all(value.dtype is torch.float32 and not value.requires_grad for value in theta_0.values())
    before = theta_0["proj"].clone()
    with torch.no_grad():
        clip.visual.proj.zero_()
    assert torch.equal(theta_0["proj"], before)


def test_random_weights_belong_to_their_seed(tmp_path):
    (tmp_path / "tiny-random.json").write_text(json.dumps(TINY))
    made = [clips.random_clip("tiny-random", seed=seed, architectures=tmp_path) for seed in (0, 0, 1)]
    states = [torch.cat([value.flatten() for value in clip.parameters()]) for clip in made]
    assert torch.equal(states[0], states[1]) and not torch.equal(states[0], states[2])
    assert not any(clip.training for clip in made)


def test_a_file_of_weights_gives_the_clip_that_it_came_from(clip, tmp_path):
    (tmp_path / "tiny-loaded.json").write_text(json.dumps(TINY))
    save_file({name: value.contiguous() for name, value in clip.state_dict().items()}, tmp_path / "w.safetensors")
    found = clips.load_clip("tiny-loaded", tmp_path / "w.safetensors", architectures=tmp_path).state_dict()
    assert all(torch.equal(found[name], value) for name, value in clip.state_dict().items())


def test_a_functional_form_that_differs_is_refused(clip):
    clips.require_same_function(clip, TINY)
    with pytest.raises(EncoderError, match="disagree"):
        clips.require_same_function(clip, {**TINY, "quick_gelu": False})


def test_an_activation_that_the_weights_do_not_want_is_refused(clip):
    clips.require_activation(clip.visual, "quick_gelu")
    with pytest.raises(EncoderError, match="uses QuickGELU, but its weights want GELU"):
        clips.require_activation(clip.visual, "gelu")
    plain = open_clip.CLIP(**{**TINY, "quick_gelu": False})
    with pytest.raises(EncoderError, match="suffix -quickgelu"):
        clips.require_activation(plain.visual, "quick_gelu")


def test_unknown_architectures_and_misfitting_weights_are_refused(tmp_path):
    save_file({"proj": torch.zeros(2)}, tmp_path / "w.safetensors")
    with pytest.raises(EncoderError, match="no architecture 'ViT-Z-99': did you mean ViT-"):
        clips.load_clip("ViT-Z-99", tmp_path / "w.safetensors")
    with pytest.raises(EncoderError, match="does not fit the architecture 'ViT-B-32-quickgelu'"):
        clips.load_clip("ViT-B-32-quickgelu", tmp_path / "w.safetensors")
