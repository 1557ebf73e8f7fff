"""Every format against the module it came from; files that ask for code, or hold something else, are refused."""

import contextlib
import copy
import importlib
import io
import os
import pickle
import sys
import types
import zipfile
from collections import OrderedDict

import open_clip
import pytest
import torch
from safetensors.torch import save_file

from lib.files import checkpoints, safe_pickle
from lib.files.checkpoints import CheckpointError
from lib.models.clip import tower_parameters
from lib.training import modes, third_party
from tests.lib.files.pickles import Calls, archive

TINY = {
    "embed_dim": 24,
    "quick_gelu": True,
    "vision_cfg": {"image_size": 16, "patch_size": 8, "width": 32, "layers": 2, "head_width": 16},
    "text_cfg": {"context_length": 12, "vocab_size": 64, "width": 16, "heads": 2, "layers": 1},
}


@pytest.fixture(scope="module")
def pretrained():
    torch.manual_seed(0)
    return open_clip.CLIP(**TINY).eval()


@pytest.fixture(scope="module")
def theta_0(pretrained):
    return tower_parameters(pretrained)


@pytest.fixture(scope="module")
def clip(pretrained):
    """A fine-tuned CLIP: every parameter moved."""
    model = copy.deepcopy(pretrained)
    torch.manual_seed(1)
    with torch.no_grad():
        for parameter in model.parameters():
            parameter += 0.05 * torch.randn_like(parameter)
    return model


@pytest.fixture(scope="module")
def theta(clip):
    return tower_parameters(clip)


def same(found, expected):
    return list(found) == list(expected) and all(torch.equal(found[name], expected[name]) for name in expected)


def with_prefix(prefix, state):
    return OrderedDict((prefix + name, value.contiguous()) for name, value in state.items())


STATES = {
    "whole CLIP": lambda clip: clip.state_dict(),
    "tower": lambda clip: clip.visual.state_dict(),
    "data parallel": lambda clip: with_prefix("module.", clip.state_dict()),
    "released encoder": lambda clip: with_prefix("image_encoder.model.visual.", clip.visual.state_dict()),
}
WRAPPED = {
    "plain": lambda state: state,
    "training checkpoint": lambda state: {"epoch": 3, "name": "ViT", "state_dict": state, "loss": [0.1]},
    "half": lambda state: {name: value.half() for name, value in state.items()},
}


@pytest.mark.parametrize("state", STATES)
@pytest.mark.parametrize("wrapped", WRAPPED)
def test_state_dicts_of_torch_save(tmp_path, clip, theta, theta_0, state, wrapped):
    torch.save(WRAPPED[wrapped](STATES[state](clip)), tmp_path / "a.pt")
    found = third_party.read_tower(tmp_path / "a.pt", theta_0)
    assert {value.dtype for value in found.values()} == {torch.float32}
    expected = {name: value.half().float() for name, value in theta.items()} if wrapped == "half" else theta
    assert same(found, expected)


@pytest.mark.parametrize("state", STATES)
def test_state_dicts_in_safetensors(tmp_path, clip, theta, theta_0, state):
    save_file({name: value.contiguous() for name, value in STATES[state](clip).items()}, tmp_path / "model.safetensors")
    assert same(third_party.read_tower(tmp_path / "model.safetensors", theta_0), theta)
    assert same(third_party.read_tower(tmp_path, theta_0), theta)  # a folder that holds it


def hub_model(kind):
    import transformers

    tower = {
        "hidden_size": 32,
        "intermediate_size": 128,
        "projection_dim": 24,
        "num_hidden_layers": 2,
        "num_attention_heads": 2,
        "image_size": 16,
        "patch_size": 8,
        "hidden_act": "quick_gelu",
    }
    text = {"vocab_size": 64, "hidden_size": 16, "intermediate_size": 32, "num_hidden_layers": 1}
    text |= {"num_attention_heads": 2, "max_position_embeddings": 12}
    torch.manual_seed(2)
    if kind == "CLIPModel":
        configuration = transformers.CLIPConfig(vision_config=tower, text_config=text, projection_dim=24)
    else:
        configuration = transformers.CLIPVisionConfig(**tower)
    model = getattr(transformers, kind)(configuration).eval()
    with torch.no_grad():  # biases and norms start at 0 and 1, where a swap would not show
        for parameter in model.parameters():
            parameter += 0.1 * torch.randn_like(parameter)
    return model


def hub_embedding(model, pixels, proj):
    if hasattr(model, "get_image_features"):
        out = model.get_image_features(pixel_values=pixels)
        return out if isinstance(out, torch.Tensor) else out.pooler_output
    out = model(pixel_values=pixels)
    return out.image_embeds if hasattr(out, "image_embeds") else out.pooler_output @ proj


@pytest.mark.parametrize("kind", ["CLIPVisionModelWithProjection", "CLIPVisionModel", "CLIPModel"])
@pytest.mark.parametrize("form", ["folder", "state dict"])
def test_transformers_models_give_the_same_embeddings(tmp_path, pretrained, theta_0, kind, form):
    model = hub_model(kind)
    if form == "folder":
        model.save_pretrained(tmp_path)
    else:
        torch.save(model.state_dict(), tmp_path / "pytorch_model.bin")
    theta = third_party.read_tower(tmp_path, theta_0)
    pixels = torch.randn(3, 3, 16, 16, generator=torch.Generator().manual_seed(0))
    with torch.no_grad():
        ours = torch.func.functional_call(pretrained.visual, theta, (pixels,))
        expected = hub_embedding(model, pixels, theta_0["proj"])
    torch.testing.assert_close(ours, expected, rtol=1e-5, atol=2e-6)
    assert kind == "CLIPVisionModel" or not torch.equal(theta["proj"], theta_0["proj"])


def test_transformers_names_of_older_releases(tmp_path, theta_0):
    """They kept the prefix for a tower alone, and the positions as a buffer."""
    model = hub_model("CLIPVisionModel")
    bare = {name.removeprefix("vision_model."): value for name, value in model.state_dict().items()}
    old = with_prefix("vision_model.", bare | {"embeddings.position_ids": torch.arange(5)[None]})
    torch.save(bare, tmp_path / "bare.pt")
    torch.save(old, tmp_path / "old.pt")
    read = third_party.read_tower
    assert same(read(tmp_path / "old.pt", theta_0), read(tmp_path / "bare.pt", theta_0))


@pytest.fixture
def released(monkeypatch):
    """The modules of the released code, importable for as long as a file is written."""
    package, modeling = types.ModuleType("src"), types.ModuleType("src.modeling")
    code = """
import torch
class ImageEncoder(torch.nn.Module):
    def __init__(self, clip, transforms):
        super().__init__()
        self.model, self.train_preprocess, self.cache_dir = clip, transforms, None
        delattr(self.model, "transformer")
class ImageClassifier(torch.nn.Module):
    def __init__(self, encoder):
        super().__init__()
        self.image_encoder, self.classification_head = encoder, torch.nn.Linear(24, 3)
        self.train_preprocess = encoder.train_preprocess
"""
    exec(compile(code, "modeling.py", "exec"), modeling.__dict__)
    for kind in (modeling.ImageEncoder, modeling.ImageClassifier):
        kind.__module__ = "src.modeling"
    monkeypatch.setitem(sys.modules, "src", package)
    monkeypatch.setitem(sys.modules, "src.modeling", modeling)
    encoder = modeling.ImageEncoder
    return types.SimpleNamespace(
        encoder=lambda clip: encoder(copy.deepcopy(clip), open_clip.image_transform(16, is_train=True)),
        classifier=modeling.ImageClassifier,
        forget=lambda: [monkeypatch.delitem(sys.modules, name) for name in ("src.modeling", "src")],
    )


@pytest.mark.parametrize("whole", [False, True])
def test_a_pickled_module_whose_class_no_longer_exists(tmp_path, clip, theta, theta_0, released, whole):
    encoder = released.encoder(clip)
    torch.save(released.classifier(encoder) if whole else encoder, tmp_path / "finetuned.pt")
    released.forget()
    with pytest.raises(ModuleNotFoundError):
        importlib.import_module("src.modeling")
    with pytest.raises(pickle.UnpicklingError):
        torch.load(tmp_path / "finetuned.pt", weights_only=True)
    assert same(third_party.read_tower(tmp_path / "finetuned.pt", theta_0), theta)
    assert "src" not in sys.modules


def linearized(model, start):
    """What the released LinearizedImageEncoder saves: all parameters but the text transformer's, as two lists."""

    def listed(kind, clip):
        kept = [value for name, value in clip.named_parameters() if not name.startswith("transformer.")]
        return {f"model.{kind}.{i}": value.detach() for i, value in enumerate(kept)}

    return listed("params", model) | listed("params0", start) | {"model_name": "ViT-B-32"}


def test_a_linearized_encoder(tmp_path, pretrained, clip, theta, theta_0):
    torch.save(linearized(clip, pretrained), tmp_path / "linear_finetuned.pt")
    tensors = third_party.read(tmp_path / "linear_finetuned.pt")
    assert third_party.detect(tensors) == "linearized"
    assert same(third_party.tower(tensors, theta_0), theta)
    with pytest.raises(CheckpointError, match="0 runs of them have the shapes"):
        third_party.tower(tensors, dict(sorted(theta_0.items(), reverse=True)))  # another order
    with pytest.raises(CheckpointError, match="linearized at weights other than theta_0"):
        third_party.tower(tensors, {name: value + 0.1 for name, value in theta_0.items()})


def test_a_checkpoint_must_fit_its_mode(theta, theta_0):
    def check(mode, layout, theta):
        chosen = modes.get(mode)
        trained = chosen.trained(theta_0)
        third_party.require_mode(mode, layout, theta_0, theta, trained, tangent=chosen.tangent, what="a.pt")

    attention = {name: theta[name] if "attn" in name and "bias" not in name else theta_0[name] for name in theta_0}
    check("standard", "open_clip", theta)
    check("linear", "linearized", theta)
    check("linear-2", "open_clip", {name: value.half().float() for name, value in attention.items()})
    with pytest.raises(CheckpointError, match="linearized model, but is named for the mode standard"):
        check("standard", "linearized", theta)
    with pytest.raises(CheckpointError, match="parameters that linear-2 does not train differ"):
        check("linear-2", "open_clip", theta)


@pytest.mark.parametrize("function", [os.system, eval, getattr, __import__, io.open])
def test_a_pickle_that_calls_a_function_is_refused_by_name(tmp_path, clip, theta_0, function):
    mark = tmp_path / "mark"
    arguments = {os.system: f"touch {mark}", eval: f"open({str(mark)!r}, 'w')", io.open: str(mark)}
    evil = Calls(function, arguments.get(function, "os"), *(["w"] if function is io.open else []))
    torch.save({"state_dict": clip.state_dict(), "extra": evil}, tmp_path / "evil.pt")
    with pytest.raises(safe_pickle.UnsafePickle, match=rf"names \w+\.{function.__name__}, .* nothing was run"):
        third_party.read_tower(tmp_path / "evil.pt", theta_0)
    assert not mark.exists()


def test_what_one_file_does_to_a_constructor_does_not_reach_the_next(tmp_path, clip, theta, theta_0):
    program = b"\x80\x02ctorch._utils\n_rebuild_parameter\n}X\x0c\x00\x00\x00__defaults__NsN\x86b."
    with contextlib.suppress(CheckpointError):
        safe_pickle.named_tensors(archive(tmp_path / "odd.pt", program))
    torch.save(clip, tmp_path / "a.pt")
    assert same(third_party.read_tower(tmp_path / "a.pt", theta_0), theta)


def other_architecture(**vision):
    return open_clip.CLIP(**{**TINY, "vision_cfg": {**TINY["vision_cfg"], **vision}}).state_dict()


def text_only(clip):
    return {name: value for name, value in clip.state_dict().items() if not name.startswith("visual.")}


def with_nan(clip):
    return clip.state_dict() | {"visual.ln_pre.bias": torch.full((32,), torch.nan)}


@pytest.mark.parametrize(
    ("make", "message"),
    [
        (lambda clip: other_architecture(layers=3), "unexpected 12 .*another architecture"),
        (lambda clip: other_architecture(layers=1), "missing 12 .*another architecture"),
        (lambda clip: other_architecture(patch_size=4), r"has shape \(32, 3, 4, 4\)|has shape \(17, 32\)"),
        (text_only, "holds no image tower: found .*expected class_embedding"),
        (lambda clip: {"weight": torch.ones(3, 4)}, "holds no image tower: found 1 tensors"),
        (lambda clip: {"model": clip.state_dict(), "ema": with_prefix("", clip.state_dict())}, "2 image towers"),
        (with_nan, "ln_pre.bias is not finite: 32 of its 32 values are NaN or infinite"),
    ],
)
def test_what_is_not_this_tower_is_refused(tmp_path, clip, theta_0, make, message):
    torch.save(make(clip), tmp_path / "a.pt")
    with pytest.raises(CheckpointError, match=message):
        third_party.read_tower(tmp_path / "a.pt", theta_0)


def test_the_pretrained_checkpoint_is_not_a_fine_tuned_one(tmp_path, theta_0):
    checkpoints.save(tmp_path / "zeroshot.safetensors", theta_0)
    with pytest.raises(CheckpointError, match="equals the pre-trained weights"):
        third_party.read_tower(tmp_path / "zeroshot.safetensors", theta_0)


def test_files_of_other_kinds_are_refused(tmp_path, clip):
    def refused(name, message):
        with pytest.raises(CheckpointError, match=message):
            third_party.read(tmp_path / name)

    torch.save(clip.state_dict(), tmp_path / "old.pt", _use_new_zipfile_serialization=False)
    refused("old.pt", "an older pickle.*, expected safetensors or the zip format")
    (tmp_path / "page.pt").write_text("<!doctype html>")
    refused("page.pt", "starts with b'<!doctype html>'")
    torch.save(clip.state_dict(), tmp_path / "cut.pt")
    (tmp_path / "cut.pt").write_bytes((tmp_path / "cut.pt").read_bytes()[:-500])
    refused("cut.pt", "incomplete download")
    save_file({"a": torch.ones(9)}, tmp_path / "cut.safetensors")
    (tmp_path / "cut.safetensors").write_bytes((tmp_path / "cut.safetensors").read_bytes()[:-8])
    refused("cut.safetensors", "is no complete safetensors file: its tensors have 36 bytes, the file holds 28")
    with zipfile.ZipFile(tmp_path / "images.zip", "w") as file:
        file.writestr("a.txt", "a")
    refused("images.zip", "torch.save did not write it")
    archive(tmp_path / "jit.pt", b"", **{"constants.pkl": b""})
    refused("jit.pt", "TorchScript archive")
    (tmp_path / "empty").mkdir()
    refused("empty", "the folder .* holds none of model.safetensors")
    refused("absent.pt", "no checkpoint at")
