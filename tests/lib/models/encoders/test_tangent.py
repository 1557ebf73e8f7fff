"""Encoders with tangents: the tangent model of the module that they stand for."""

from dataclasses import fields

import pytest
import torch

from lib.models import linearize
from lib.models.architectures import read_configuration
from lib.models.clip import tower_parameters
from lib.models.encoders import image, tangent
from lib.models.encoders.tangent_plain_vit import TangentPlainVit
from lib.models.encoders.tangent_torch_module import TangentTorchModule
from lib.models.encoders.torch_module import TorchModule
from tests.lib.models.functions import direction, function_of

KINDS = {
    "plain": lambda clip: image.encoder_of(clip),
    "plain, recomputed": lambda clip: image.PlainVit(16, shape=image.encoder_of(clip).shape, recompute=True),
    "module": lambda clip: TorchModule(16, build=lambda: clip.visual),
}


@pytest.fixture(params=KINDS)
def plain(request, clip):
    return KINDS[request.param](clip)


def close(found, expected):
    return (found - expected).norm() < 2e-5 * expected.norm()


def test_it_keeps_the_tower_and_what_it_encodes(plain, clip, images):
    encoder, theta = tangent.tangent_of(plain), tower_parameters(clip)
    assert isinstance(encoder, type(plain))
    assert all(getattr(encoder, field.name) == getattr(plain, field.name) for field in fields(plain))
    assert torch.equal(encoder.encode(theta, images), plain.encode(theta, images))


@pytest.mark.parametrize(
    ("architecture", "kind"), [("ViT-B-32-quickgelu", TangentPlainVit), ("RN50", TangentTorchModule)]
)
def test_the_factory_chooses_by_the_tower(architecture, kind):
    encoder = tangent.image_encoder(read_configuration(architecture))
    assert type(encoder) is kind and encoder.image_size == 224


def test_the_model_that_is_trained_is_the_modules_tangent_model(plain, clip, images):
    """As a function of theta = theta_0 + tau, with the gradient."""
    theta_0 = tower_parameters(clip)
    tau = {name: step.requires_grad_() for name, step in direction(theta_0, 0.1).items()}
    theta = {name: (theta_0[name] + tau[name].detach()).requires_grad_() for name in theta_0}
    found = tangent.tangent_of(plain).model_at(theta_0)(theta, images)
    expected = linearize.linearize(function_of(clip.visual), theta_0)(tau, plain.normalised(images))
    non_linear = plain.encode(theta, images)
    assert close(found, expected) and (found - non_linear).norm() > 0.01 * expected.norm()
    for value in (found, expected):
        (value**2).mean().backward()
    joined = [torch.cat([leaf.grad.flatten() for leaf in leaves.values()]) for leaves in (theta, tau)]
    assert close(*joined)


def test_at_theta_0_it_is_the_model_itself(plain, clip, images):
    theta_0 = tower_parameters(clip)
    assert close(tangent.tangent_of(plain).model_at(theta_0)(theta_0, images), plain.encode(theta_0, images))


def test_values_and_tangents_are_the_modules(plain, clip, images):
    theta_0 = tower_parameters(clip)
    taus = [direction(theta_0, 0.1, seed) for seed in (1, 2)]
    with torch.no_grad():
        value, tangents = tangent.tangent_of(plain).value_and_tangents(theta_0, taus, images)
    assert not value.requires_grad
    x = plain.normalised(images)
    for tau, found in zip(taus, tangents, strict=True):
        expected_value, expected = linearize.jvp(function_of(clip.visual), theta_0, tau, x)
        assert close(value, expected_value) and close(found, expected)


def test_the_tangent_alone_is_the_modules_with_its_gradient(plain, clip, images):
    theta_0 = tower_parameters(clip)
    tau = direction(theta_0, 0.1)
    leaves = [{name: step.clone().requires_grad_() for name, step in tau.items()} for _ in range(2)]
    found = tangent.tangent_of(plain).tangent_at(theta_0)(leaves[0], images)
    _, expected = linearize.jvp(function_of(clip.visual), theta_0, tau, plain.normalised(images))
    assert close(found, expected)
    f_lin = linearize.linearize(function_of(clip.visual), theta_0)(leaves[1], plain.normalised(images))
    for value in (found, f_lin):  # one cotangent for both: J^T g has nothing of the value
        (value * expected).sum().backward()
    assert close(*(torch.cat([leaf.grad.flatten() for leaf in part.values()]) for part in leaves))


def test_the_tangent_of_nothing_is_exactly_zero(plain, clip, images):
    theta_0 = tower_parameters(clip)
    tau = {name: torch.zeros_like(value) for name, value in theta_0.items()}
    assert not tangent.tangent_of(plain).tangent_at(theta_0)(tau, images).any()
