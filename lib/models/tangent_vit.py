"""The tangent model of open_clip's image tower, primal and tangents in one pass.

`lib.models.linearize` needs one pass for the value and another for the gradient, and gives up fused attention. Here
each layer carries (x, [dx_1, ..., dx_m]) for m task vectors at once: the primal x with autograd's tape if a gradient is
wanted, the tangents beside it without one. The gradient J^T g then is one ordinary backward pass of the primal.

Cost in matrix products of a forward pass: 1 primal + 2 a tangent + 2 backward = 5 for m = 1, against 3 for a
standard training step.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence

import torch
import torch.nn.functional as F
from torch import Tensor
from torch.autograd.function import once_differentiable
from torch.utils.checkpoint import checkpoint

from lib.models.tangent_layers import Parameters, Tangents, activation, affine, attention, layer_norm, linear, residual
from lib.models.vit import VitShape, part, patches, tokens
from lib.parameters import Differences, require_same_names
from lib.precision import exact_products


def linearize_vit(
    shape: VitShape, theta_0: Parameters, *, recompute: bool = False
) -> Callable[[Parameters, Tensor], Tensor]:
    """Return f_lin(tau, x) for open_clip's VisionTransformer, the same function as `lib.models.linearize` gives.

    x: Float[Tensor, "n 3 s s"], normalised images; result: Float[Tensor, "n d"], differentiable in tau. recompute:
    as in `value_and_tangents`. Raises ParameterMismatch for names or shapes that differ.
    """
    return _model(shape, theta_0, from_theta=False, recompute=recompute)


def linearize_vit_at(
    shape: VitShape, theta_0: Parameters, *, recompute: bool = False
) -> Callable[[Parameters, Tensor], Tensor]:
    """The same model as a function of theta = theta_0 + tau, (theta, x) -> f_lin(tau, x), as it is trained.

    Takes the differences a layer at a time, so that no second copy of all parameters lies beside the tape.
    """
    return _model(shape, theta_0, from_theta=True, recompute=recompute)


def tangent_of_vit(
    shape: VitShape, theta_0: Parameters, *, recompute: bool = False
) -> Callable[[Parameters, Tensor], Tensor]:
    """The tangent alone, (tau, x) -> J tau, from the same pass; exactly zero at tau = 0."""
    return _model(shape, theta_0, from_theta=False, recompute=recompute, alone=True)


def value_and_tangents(
    shape: VitShape, theta_0: Parameters, taus: Sequence[Parameters], x: Tensor, *, recompute: bool = False
) -> tuple[Tensor, Tangents]:
    """(f(x; theta_0), [J tau_1, ..., J tau_m]), each Float[Tensor, "n d"], from one pass over the images x.

    With autograd enabled the first carries the tape with respect to theta_0; the tangents never do. Only the class
    token is read at the end, so the last block computes no other (exact: nothing else reads them). recompute: keep of
    each block's tape its input alone, and make the rest again in the backward pass (activation checkpointing, Chen et
    al. 2016): the same numbers, less memory, one more primal pass.
    """
    x, dx = _embed(shape, theta_0, taus, x)
    block = _recomputed_block if recompute and torch.is_grad_enabled() else _block
    for index in range(shape.layers):
        parameters = _under(f"transformer.resblocks.{index}.", theta_0, taus)
        outputs = 1 if index == shape.layers - 1 else x.shape[1]
        x, dx = block(shape, *parameters, x, dx, outputs=outputs)
    x, dx = layer_norm(shape.epsilon, *_under("ln_post.", theta_0, taus), x[:, 0], [d[:, 0] for d in dx])
    with exact_products(x.device.type):  # of one token an image: value and tangents are added unrounded
        return linear(x, dx, theta_0["proj"].mT, [tau["proj"].mT for tau in taus])


def _model(
    shape: VitShape, theta_0: Parameters, *, from_theta: bool, recompute: bool, alone: bool = False
) -> Callable[[Parameters, Tensor], Tensor]:
    theta_0 = {name: value.detach() for name, value in theta_0.items()}

    def model(given: Parameters, x: Tensor) -> Tensor:
        require_same_names(theta_0, given, what="tangent model")
        return _TangentTower.apply(shape, theta_0, from_theta, recompute, alone, x, *(given[name] for name in theta_0))

    return model


class _TangentTower(torch.autograd.Function):
    @staticmethod
    def forward(ctx, shape, theta_0, from_theta, recompute, alone, x, *given):
        wanted = any(ctx.needs_input_grad[6:])
        ctx.leaves = [value.detach().requires_grad_(wanted) for value in theta_0.values()]
        given = dict(zip(theta_0, (value.detach() for value in given), strict=True))
        tau = Differences(given, theta_0) if from_theta else given
        with torch.set_grad_enabled(wanted):
            leaves = dict(zip(theta_0, ctx.leaves, strict=True))
            value, (tangent,) = value_and_tangents(shape, leaves, [tau], x, recompute=recompute)
        ctx.value = value
        return tangent if alone else value.detach() + tangent

    @staticmethod
    @once_differentiable  # the tangents have no tape: a second derivative would lack a term
    def backward(ctx, cotangent):
        gradients = torch.autograd.grad(ctx.value, ctx.leaves, cotangent.to(ctx.value.dtype))
        del ctx.value, ctx.leaves
        return None, None, None, None, None, None, *gradients


def _under(prefix: str, theta_0: Parameters, taus: Sequence[Parameters]) -> tuple[Parameters, list[Parameters]]:
    return part(theta_0, prefix), [part(tau, prefix) for tau in taus]


def _embed(shape: VitShape, theta: Parameters, taus: Sequence[Parameters], x: Tensor) -> tuple[Tensor, Tangents]:
    grid, width = patches(x, *shape.patch_size), theta["conv1.weight"].shape[0]

    def embedded(tensors: Parameters) -> Tensor:
        return tokens(F.linear(grid, tensors["conv1.weight"].reshape(width, -1)), tensors)

    with torch.no_grad():
        tangents = [embedded(tau) for tau in taus]
    return layer_norm(shape.epsilon, *_under("ln_pre.", theta, taus), embedded(theta), tangents)


def _block(
    shape: VitShape, theta: Parameters, taus: list[Parameters], x: Tensor, dx: Tangents, *, outputs: int
) -> tuple[Tensor, Tangents]:
    y, dy = layer_norm(shape.epsilon, *_under("ln_1.", theta, taus), x, dx)
    y, dy = attention(*_under("attn.", theta, taus), y, dy, heads=shape.heads, outputs=outputs)
    x, dx = residual(x[:, :outputs], [d[:, :outputs] for d in dx], y, dy)
    y, dy = layer_norm(shape.epsilon, *_under("ln_2.", theta, taus), x, dx)
    y, dy = affine("mlp.c_fc.weight", "mlp.c_fc.bias", theta, taus, y, dy)
    y, dy = activation(shape.activation, y, dy)
    y, dy = affine("mlp.c_proj.weight", "mlp.c_proj.bias", theta, taus, y, dy)
    return residual(x, dx, y, dy)


def _recomputed_block(
    shape: VitShape, theta: Parameters, taus: list[Parameters], x: Tensor, dx: Tangents, *, outputs: int
) -> tuple[Tensor, Tangents]:
    """The same block without its tape. The tangents have none, so the second time they are left out."""
    tangents = [(taus, dx)]

    def run(x: Tensor) -> tuple[Tensor, ...]:
        taus, dx = tangents.pop() if tangents else ([], [])
        y, dy = _block(shape, theta, taus, x, dx, outputs=outputs)
        return y, *dy

    y, *dy = checkpoint(run, x, use_reentrant=False, preserve_rng_state=False)
    return y, dy
