"""The encoder as a function against open_clip's own modules; heads; modes; precision."""

import dataclasses
import subprocess
import sys
from pathlib import Path

import open_clip
import pytest
import torch

from lib.models import encoders, heads, tangent_vit
from lib.models.encoders import EncoderError
from lib.precision import exact_products, matmul_precision
from lib.training import modes

ROOT = Path(__file__).resolve().parents[2]
TINY = {
    "embed_dim": 16,
    "quick_gelu": True,
    "vision_cfg": {"image_size": 16, "patch_size": 8, "width": 32, "layers": 2, "head_width": 16},
    "text_cfg": {"context_length": 77, "vocab_size": 49408, "width": 16, "heads": 2, "layers": 1},
}


@pytest.fixture
def model():
    torch.manual_seed(0)
    return open_clip.CLIP(**TINY).eval()


@pytest.fixture
def encoder(model):
    return encoders.encoder_of(model)


@pytest.fixture
def images():
    return torch.randint(0, 256, (5, 16, 16, 3), dtype=torch.uint8, generator=torch.Generator().manual_seed(0))


def test_input_equals_open_clips_transform(encoder, images):
    from PIL import Image

    transform = open_clip.image_transform(16, is_train=False)
    expected = torch.stack([transform(Image.fromarray(image.numpy())) for image in images])
    assert torch.equal(encoder.normalised(images), expected)


def test_encode_equals_open_clips_forward(model, encoder, images):
    theta = encoders.tower_parameters(model)
    with torch.no_grad():
        expected = model.encode_image(encoder.normalised(images))
    torch.testing.assert_close(encoder.encode(theta, images), expected, rtol=1e-5, atol=1e-6)
    torch.testing.assert_close(encoder.call_tower(theta, encoder.normalised(images)), expected)


def test_encode_and_its_gradient_need_no_parameters_of_the_module(model, images):
    bare = encoders.image_encoder("ViT-B-32-quickgelu")
    assert all(parameter.is_meta for parameter in bare.tower.parameters())
    assert bare.image_size == 224


PLAIN = ["ViT-B-32-quickgelu", "ViT-B-16-quickgelu", "ViT-L-14-quickgelu", "ViT-B-32"]


@pytest.mark.parametrize("architecture", PLAIN)
def test_shape_from_the_configuration_equals_the_modules(architecture):
    encoder = encoders.image_encoder(architecture)
    assert encoder.shape == tangent_vit.shape_of(encoder.tower)
    assert encoder.image_size == encoder.tower.image_size[0]
    assert (encoder.mean, encoder.std) == (open_clip.OPENAI_DATASET_MEAN, open_clip.OPENAI_DATASET_STD)


@pytest.mark.parametrize("architecture", ["RN50", "coca_ViT-B-32", "ViT-B-16-SigLIP", "convnext_base", "EVA02-B-16"])
def test_other_towers_have_no_shape(architecture):
    assert encoders.image_encoder(architecture).shape is None


def test_only_plain_vits_recompute_their_activations():
    assert encoders.image_encoder("ViT-B-32-quickgelu", recompute=True).recompute
    with pytest.raises(EncoderError, match="RN50: activations can be recomputed in plain ViTs only; set activation_ch"):
        encoders.image_encoder("RN50", recompute=True)


def test_a_plain_encoder_works_without_importing_open_clip():
    program = (
        "import sys; from lib import encoders, finetune, edited_models; "
        "encoders.image_encoder('ViT-B-32-quickgelu'); sys.exit('open_clip' in sys.modules)"
    )
    assert subprocess.run([sys.executable, "-c", program], cwd=ROOT).returncode == 0


def test_a_functional_form_that_differs_is_refused(model):
    encoders.require_same_function(model, encoders.encoder_of(model))
    wrong = dataclasses.replace(encoders.encoder_of(model).shape, activation="gelu")
    with pytest.raises(EncoderError, match="disagree"):
        encoders.require_same_function(model, dataclasses.replace(encoders.encoder_of(model), shape=wrong))


def test_an_activation_that_the_weights_do_not_want_is_refused(model):
    encoders.require_activation(model.visual, "quick_gelu")
    with pytest.raises(EncoderError, match="uses QuickGELU, but its weights want GELU"):
        encoders.require_activation(model.visual, "gelu")
    plain = open_clip.CLIP(**{**TINY, "quick_gelu": False})
    with pytest.raises(EncoderError, match="suffix -quickgelu"):
        encoders.require_activation(plain.visual, "quick_gelu")


def test_unknown_architectures_and_misfitting_weights_are_refused(tmp_path):
    with pytest.raises(EncoderError, match="no architecture 'ViT-Z-99': did you mean ViT-"):
        encoders.image_encoder("ViT-Z-99")
    with pytest.raises(EncoderError, match="list_models"):
        encoders.image_encoder("nothing alike")
    from safetensors.torch import save_file

    save_file({"proj": torch.zeros(2)}, tmp_path / "w.safetensors")
    with pytest.raises(EncoderError, match="does not fit the architecture 'ViT-B-32-quickgelu'"):
        encoders.load_clip("ViT-B-32-quickgelu", tmp_path / "w.safetensors")


def test_head_equals_open_clips_classifier_times_the_logit_scale(model):
    names, templates = ["cat", "dog", "ox"], ["a photo of a {}.", "a drawing of a {}."]
    tokenizer = open_clip.get_tokenizer("ViT-B-32")
    columns = open_clip.build_zero_shot_classifier(model, tokenizer, names, templates)
    head = heads.zero_shot_head(model, tokenizer, names, templates)
    torch.testing.assert_close(head, model.logit_scale.exp().detach() * columns.T)
    torch.testing.assert_close(head.norm(dim=1), model.logit_scale.exp().detach().expand(3))


def test_head_by_hand(model):
    tokenizer = open_clip.get_tokenizer("ViT-B-32")
    texts = [model.encode_text(tokenizer([t.format("cat")]), normalize=True) for t in ("a {}", "the {}")]
    mean = torch.stack(texts).mean(0).squeeze()
    expected = model.logit_scale.exp() * mean / mean.norm()
    torch.testing.assert_close(
        heads.zero_shot_head(model, tokenizer, ["cat"], ["a {}", "the {}"])[0], expected.detach()
    )


@pytest.mark.parametrize("templates", [[], ["a photo"]])
def test_templates_without_a_place_for_the_name_are_refused(model, templates):
    with pytest.raises(ValueError, match="templates need a {}"):
        heads.zero_shot_head(model, open_clip.get_tokenizer("ViT-B-32"), ["cat"], templates)


def test_logits_are_scaled_cosines():
    head = torch.tensor([[10.0, 0.0], [0.0, 10.0]])
    torch.testing.assert_close(heads.logits(torch.tensor([[3.0, 4.0]]), head), torch.tensor([[6.0, 8.0]]))


def test_logits_are_not_rounded_to_bf16():
    generator = torch.Generator().manual_seed(0)
    features, head = torch.randn(9, 64, generator=generator), 10 * torch.randn(5, 64, generator=generator)
    exact = heads.logits(features, head)
    with matmul_precision("bf16", "cpu"):
        assert torch.equal(heads.logits(features, head), exact)


def test_posthoc_owns_no_checkpoints():
    assert modes.get("posthoc").vectors_of == "standard" and not modes.get("posthoc").owns_checkpoints
    with pytest.raises(ValueError, match="known modes: standard, posthoc, linear, linear-2"):
        modes.get("nonlinear")


def test_precision_is_set_inside_the_block_only():
    before = torch.get_float32_matmul_precision()
    with matmul_precision("bf16", "cpu"):
        assert (torch.ones(2, 2) @ torch.ones(2, 2)).dtype is torch.bfloat16
    assert (torch.ones(2, 2) @ torch.ones(2, 2)).dtype is torch.float32
    assert torch.get_float32_matmul_precision() == before
    with matmul_precision("bf16", "cpu"), exact_products("cpu"):
        assert (torch.ones(2, 2) @ torch.ones(2, 2)).dtype is torch.float32
    with pytest.raises(ValueError, match="float32, tf32, bf16"), matmul_precision("fp8", "cpu"):
        pass
