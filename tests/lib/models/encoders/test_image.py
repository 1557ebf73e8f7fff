"""Which encoder an image tower gets, and what it computes: open_clip's own modules are the oracle."""

import copy
import subprocess
import sys
from pathlib import Path

import open_clip
import pytest
import torch
from PIL import Image

from lib.models import vit
from lib.models.architectures import EncoderError, image_part, read_configuration
from lib.models.clip import tower_parameters
from lib.models.encoders.image import encoder_of, image_encoder
from lib.models.encoders.plain_vit import PlainVit
from lib.models.encoders.torch_module import TorchModule, empty_tower
from tests.lib.models.conftest import TINY
from tests.lib.models.functions import direction

ROOT = Path(__file__).resolve().parents[4]
PLAIN = ["ViT-B-32-quickgelu", "ViT-B-16-quickgelu", "ViT-L-14-quickgelu", "ViT-B-32"]
OTHERS = ["RN50", "coca_ViT-B-32", "ViT-B-16-SigLIP", "convnext_base", "EVA02-B-16"]


@pytest.fixture(params=["plain", "module"])
def encoder(request, clip):
    return encoder_of(clip) if request.param == "plain" else TorchModule(16, build=lambda: clip.visual)


def moved_copy(clip):
    """The image tower alone with other weights, and these weights."""
    tower = copy.deepcopy(clip.visual)
    with torch.no_grad():
        for name, step in direction(dict(tower.named_parameters()), 0.1).items():
            tower.get_parameter(name).add_(step)
    return tower, {name: value.detach().clone().requires_grad_() for name, value in tower.named_parameters()}


def test_input_equals_open_clips_transform(encoder, images):
    transform = open_clip.image_transform(16, is_train=False)
    expected = torch.stack([transform(Image.fromarray(image.numpy())) for image in images])
    assert torch.equal(encoder.normalised(images), expected)


def test_encode_equals_open_clips_forward(clip, encoder, images):
    theta = tower_parameters(clip)
    with torch.no_grad():
        expected = clip.encode_image(encoder.normalised(images))
    torch.testing.assert_close(encoder.encode(theta, images), expected, rtol=1e-5, atol=1e-6)
    torch.testing.assert_close(encoder.value(theta, encoder.normalised(images)), expected)


def test_value_and_gradient_are_the_modules_in_float64(clip, encoder, images):
    tower, theta = moved_copy(clip.double())
    x = encoder.normalised(images).double()
    found, expected = encoder.value(theta, x), tower(x)
    torch.testing.assert_close(found, expected, rtol=1e-10, atol=1e-12)
    for value in (found, expected):
        (value**2).sum().backward()
    for name, parameter in tower.named_parameters():
        torch.testing.assert_close(theta[name].grad, parameter.grad, rtol=1e-9, atol=1e-11)


def test_encode_and_its_gradient_are_the_modules(clip, encoder, images):
    tower, theta = moved_copy(clip)
    model = encoder.model_at(tower_parameters(clip))
    found, expected = model(theta, images), tower(encoder.normalised(images))
    torch.testing.assert_close(found, expected, rtol=1e-5, atol=1e-5)
    assert torch.equal(found, encoder.encode(theta, images))
    for value in (found, expected):
        (value**2).mean().backward()
    for name, parameter in tower.named_parameters():
        torch.testing.assert_close(theta[name].grad, parameter.grad, rtol=1e-4, atol=1e-5)


def test_encode_and_its_gradient_need_no_parameters_of_the_module():
    bare = TorchModule.of(read_configuration("ViT-B-32-quickgelu"))
    assert all(parameter.is_meta for parameter in bare.tower.parameters())
    assert bare.image_size == 224


@pytest.mark.parametrize("architecture", PLAIN)
def test_shape_from_the_configuration_equals_the_modules(architecture):
    configuration = read_configuration(architecture)
    encoder, tower = image_encoder(configuration), empty_tower(configuration)
    assert type(encoder) is PlainVit and encoder == image_encoder(image_part(configuration))
    assert encoder.shape == vit.shape_of(tower)
    assert encoder.image_size == tower.image_size[0]
    assert (encoder.mean, encoder.std) == (open_clip.OPENAI_DATASET_MEAN, open_clip.OPENAI_DATASET_STD)


@pytest.mark.parametrize("architecture", OTHERS)
def test_other_towers_are_called_as_modules(architecture):
    assert type(image_encoder(read_configuration(architecture))) is TorchModule


@pytest.mark.parametrize("extras", [{}, {"pool_type": "avg"}, {"ls_init_value": 0.1}, {"no_ln_pre": True}])
def test_a_configuration_and_a_built_model_get_the_same_kind(extras):
    configuration = {**TINY, "vision_cfg": {**TINY["vision_cfg"], **extras}}
    built = encoder_of(open_clip.CLIP(**configuration))
    assert type(built) is type(image_encoder(configuration)) is (TorchModule if extras else PlainVit)
    assert built.image_size == 16


def test_only_plain_vits_recompute_their_activations():
    assert image_encoder(read_configuration("ViT-B-32-quickgelu"), recompute=True).recompute
    with pytest.raises(EncoderError, match="recomputed in plain ViTs only.*set activation_checkpointing: false"):
        image_encoder(read_configuration("RN50"), recompute=True)


def test_a_plain_encoder_works_without_importing_open_clip_or_tangents():
    program = (
        "import sys\n"
        "from lib.editing import edited_models\n"
        "from lib.models.architectures import read_configuration\n"
        "from lib.models.encoders import image\n"
        "from lib.training import finetune\n"
        "image.image_encoder(read_configuration('ViT-B-32-quickgelu'))\n"
        "print([name for name in sys.modules if 'tangent' in name or 'open_clip' in name])"
    )
    done = subprocess.run([sys.executable, "-c", program], cwd=ROOT, capture_output=True, text=True)
    assert (done.stdout, done.stderr) == ("[]\n", "")
