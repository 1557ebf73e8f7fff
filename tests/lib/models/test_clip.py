"""open_clip's whole CLIP: read, drawn at random, checked."""

import json
import os

import open_clip
import pytest
import torch
from safetensors.torch import save_file

from lib.models import clip as clips
from lib.models.architectures import EncoderError
from tests.lib.files.pickles import Calls
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


def refused(path, state, message):
    torch.save(state, path) if path.suffix == ".pt" else save_file(state, path)
    with pytest.raises(EncoderError, match=message):
        clips.load_clip("tiny-refused", path, architectures=path.parent)


LAYOUTS = {
    "plain": lambda state: state,
    "training": lambda state: {"epoch": 1, "state_dict": {f"module.{k}": v for k, v in state.items()}},
    "half": lambda state: {name: value.half() for name, value in state.items()},
    "scale": lambda state: state | {"logit_scale": state["logit_scale"][None]},
    "positions": lambda state: state | {"visual.positional_embedding": torch.linspace(0, 1, 10 * 32).reshape(10, 32)},
    "texts": lambda state: state | {"positional_embedding": torch.linspace(0, 1, 20 * 16).reshape(20, 16)},
}


@pytest.mark.parametrize("layout", LAYOUTS)
@pytest.mark.parametrize("custom", [False, True])
def test_weights_are_to_the_bit_what_open_clip_reads(clip, tmp_path, layout, custom):
    name = f"tiny-{layout}-{custom}"
    more = {"custom_text": True, "init_logit_bias": -10} if custom else {}
    (tmp_path / f"{name}.json").write_text(json.dumps(TINY | more))
    torch.save(LAYOUTS[layout](clip.state_dict()), tmp_path / "w.pt")
    found = clips.load_clip(name, tmp_path / "w.pt", architectures=tmp_path)
    expected = open_clip.create_model(name, pretrained=str(tmp_path / "w.pt")).eval()
    assert type(found) is type(expected) and not found.training
    assert list(found.state_dict()) == list(expected.state_dict())
    assert all(torch.equal(found.state_dict()[key], value) for key, value in expected.state_dict().items())


@pytest.mark.parametrize("suffix", [".pt", ".safetensors"])
def test_weights_that_do_not_fit_are_refused_by_name(clip, tmp_path, suffix):
    (tmp_path / "tiny-refused.json").write_text(json.dumps(TINY))
    state, path = {name: value.contiguous() for name, value in clip.state_dict().items()}, tmp_path / f"w{suffix}"
    bias, fits = state["visual.ln_pre.bias"], rf"w\{suffix} does not fit the architecture 'tiny-refused'"
    nan = bias.clone()
    nan[:3] = torch.tensor([float("nan"), float("inf"), -float("inf")])
    wrong = {
        "missing": ({k: v for k, v in state.items() if k != "visual.proj"}, f"{fits}: .*missing 1 .visual.proj."),
        "more": (state | {"extra": bias.clone()}, f"{fits}: .*unexpected 1 .extra."),
        "shape": (state | {"visual.ln_pre.bias": bias[:-1].clone()}, f"{fits}: visual.ln_pre.bias has shape .31,."),
        "grid": (state | {"visual.positional_embedding": torch.ones(9, 32)}, f"{fits}: visual.posit.* shape .9, 32"),
        "none": (state | {"visual.positional_embedding": torch.ones(0, 32)}, f"{fits}: visual.posit.* shape .0, 32"),
        "vector": (state | {"positional_embedding": torch.ones(77)}, f"{fits}: positional_embedding has shape .77,."),
        "width": (state | {"positional_embedding": torch.ones(9, 8)}, f"{fits}: positional_embedding has shape .9, 8."),
        "nan": (state | {"visual.ln_pre.bias": nan}, f"{fits}: 3 of 32 values of visual.ln_pre.bias are NaN"),
        "large": (state | {"visual.ln_pre.bias": bias.double() + 1e300}, f"{fits}: 32 of 32 values of visual.ln_pre"),
        "whole": (state | {"visual.ln_pre.bias": bias.long()}, f"{fits}: visual.ln_pre.bias has the type torch.int64"),
        "float8": (
            state | {"visual.ln_pre.bias": bias.to(torch.float8_e4m3fn)},
            "as safetensors|F8",
        ),
        "complex": (state | {"visual.ln_pre.bias": bias.to(torch.complex64)}, "as safetensors|C64"),
    }
    for state, message in wrong.values():
        refused(path, state, message)


def test_files_that_are_no_weights_never_reach_torchs_own_reader(clip, tmp_path, monkeypatch):
    (tmp_path / "tiny-refused.json").write_text(json.dumps(TINY))
    monkeypatch.setattr(torch, "load", lambda *_, **__: pytest.fail("torch.load was called"))
    mark = tmp_path / "mark"
    refused(tmp_path / "w.pt", {**clip.state_dict(), "extra": Calls(os.system, f"touch {mark}")}, r"names \w+\.system")
    assert not mark.exists()
    refused(tmp_path / "w.pt", [1, 2], "missing .*Name weights of the whole CLIP in this architecture")
    torch.save(clip.state_dict(), tmp_path / "old.bin", _use_new_zipfile_serialization=False)
    torch.jit.save(torch.jit.script(torch.nn.Linear(2, 2)), tmp_path / "jit.bin")
    (tmp_path / "page.bin").write_text("<!doctype html><html></html>")
    (tmp_path / "page.safetensors").write_text("<!doctype html><html></html>")
    files = {
        "old.bin": "older pickle",
        "jit.bin": "TorchScript",
        "page.bin": "web page",
        "page.safetensors": "web page",
    }
    for name, message in {**files, "page.safetensors": "web page", "absent.bin": "no checkpoint at"}.items():
        with pytest.raises(EncoderError, match=message) as error:
            clips.load_clip("tiny-refused", tmp_path / name, architectures=tmp_path)
        assert "weights_only" not in str(error.value)


def test_an_architecture_that_open_clip_cannot_build_is_refused(clip, tmp_path):
    vision = {**TINY["vision_cfg"], "pool_type": "nothing"}
    (tmp_path / "tiny-odd.json").write_text(json.dumps({**TINY, "vision_cfg": vision}))
    torch.save(clip.state_dict(), tmp_path / "w.pt")
    with pytest.raises(EncoderError, match="open_clip cannot build the architecture 'tiny-odd' .*correct its JSON"):
        clips.load_clip("tiny-odd", tmp_path / "w.pt", architectures=tmp_path)


def test_other_files_beside_an_architecture_are_not_read(clip, tmp_path, caplog):
    (tmp_path / "tiny-beside.json").write_text(json.dumps(TINY))
    (tmp_path / "broken.json").write_text("{")
    torch.save(clip.state_dict(), tmp_path / "w.pt")
    clips.load_clip("tiny-beside", tmp_path / "w.pt", architectures=tmp_path)
    assert not [record for record in caplog.records if record.levelname == "WARNING"]


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
