"""The tangent model of a text encoder, in float64: against differences of f, and against its own definition."""

import torch

from lib.kernels.ntk import ntk
from lib.models.encoders.tangent_text import text_encoder
from lib.models.linearize import differentiable_attention
from tests.lib.models.functions import direction


def test_the_tangent_is_the_limit_of_differences(known):
    """Central differences: an error of order h^2, so a hundredth of it for a tenth of h."""
    tangent, tau = text_encoder(known.configuration), direction(known.theta, 0.1)
    value, (found,) = tangent.value_and_tangents(known.theta, [tau], known.tokens)
    torch.testing.assert_close(value, known.encoder.encode(known.theta, known.tokens), rtol=1e-12, atol=1e-12)
    errors = []
    for h in (1e-2, 1e-3):
        ahead, behind = ({n: v + s * h * tau[n] for n, v in known.theta.items()} for s in (1, -1))
        ahead, behind = (known.encoder.encode(theta, known.tokens) for theta in (ahead, behind))
        errors.append(float(((ahead - behind) / (2 * h) - found).norm() / found.norm()))
    assert errors[1] < 1e-5 and 50 < errors[0] / errors[1] < 200


def test_f_lin_is_f_at_theta_0_and_affine_in_tau(known):
    tangent, tau = text_encoder(known.configuration), direction(known.theta, 0.1)
    value, (slope,) = tangent.value_and_tangents(known.theta, [tau], known.tokens)
    f_lin = tangent.model_at(known.theta)
    for a in (0.0, 1.0, -2.0):
        theta = {name: value + a * tau[name] for name, value in known.theta.items()}
        torch.testing.assert_close(f_lin(theta, known.tokens), value + a * slope, rtol=1e-9, atol=1e-11)
    torch.testing.assert_close(tangent.tangent_at(known.theta)(tau, known.tokens), slope, rtol=1e-9, atol=1e-11)


def test_the_gradient_of_f_lin_is_that_of_f_at_theta_0(known):
    tangent = text_encoder(known.configuration)
    leaves = {name: (value + 0.1).requires_grad_() for name, value in known.theta.items()}
    at_0 = {name: value.clone().requires_grad_() for name, value in known.theta.items()}
    g = torch.randn(3, 32, dtype=torch.float64, generator=torch.Generator().manual_seed(2))
    (tangent.model_at(known.theta)(leaves, known.tokens) * g).sum().backward()
    (known.encoder.encode(at_0, known.tokens) * g).sum().backward()
    for name, leaf in leaves.items():
        torch.testing.assert_close(leaf.grad, at_0[name].grad, rtol=1e-9, atol=1e-11)


def test_kernels_equal_explicit_jacobians(known):
    """`value` and `normalised` are all that kernels ask of an encoder."""
    f, x = known.encoder.value, known.encoder.normalised(known.tokens)
    with differentiable_attention():
        found = torch.func.jacrev(lambda theta: f(theta, x))(known.theta)
    jacobians = torch.cat([block.flatten(2) for block in found.values()], dim=2)
    expected = torch.einsum("ncp,mcp->nm", jacobians, jacobians)
    torch.testing.assert_close(ntk(f, known.theta, x, outputs="sum"), expected, rtol=1e-8, atol=1e-10)
