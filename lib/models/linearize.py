"""The tangent model of any function of parameters.

    f_lin(x; theta_0 + tau) = f(x; theta_0) + J_theta f(x; theta_0) tau

(Jacot et al. 2018; Lee et al. 2019; Ortiz-Jimenez et al. 2023, Eq. 3). Because f_lin is linear in tau, the gradient
of a loss is J^T g with g = dL/df_lin: forward mode gives the value, one ordinary backward pass gives the gradient, and
nothing is ever differentiated twice.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager

import torch
from torch import Tensor
from torch.autograd.function import once_differentiable
from torch.nn.attention import SDPBackend, sdpa_kernel

from lib.parameters import require_same_names

Parameters = Mapping[str, Tensor]
Function = Callable[..., Tensor]


def linearize(f: Function, theta_0: Parameters) -> Function:
    """Return f_lin(tau, *inputs), with f's signature but for tau in the place of theta.

    f: (theta, *inputs) -> Float[Tensor, "n d"]; any function that torch.func can differentiate. The result
    is differentiable in tau by ordinary autograd (once). Raises ParameterMismatch if tau's names or
    shapes are not theta_0's.
    """
    return _model(f, theta_0, alone=False)


def tangent(f: Function, theta_0: Parameters) -> Function:
    """Return (tau, *inputs) -> J tau alone, f_lin without f(x; theta_0); otherwise as `linearize`."""
    return _model(f, theta_0, alone=True)


def jvp(f: Function, theta_0: Parameters, tau: Parameters, *inputs: Tensor) -> tuple[Tensor, Tensor]:
    """(f(x; theta_0), J_theta f(x; theta_0) tau), both Float[Tensor, "n d"], by forward mode and without a tape."""
    with differentiable_attention(), torch.no_grad():
        return torch.func.jvp(lambda theta: f(theta, *inputs), (dict(theta_0),), ({n: tau[n] for n in theta_0},))


def vjp(f: Function, theta_0: Parameters, cotangent: Tensor, *inputs: Tensor) -> dict[str, Tensor]:
    """J_theta f(x; theta_0)^T g for g = cotangent, Float[Tensor, "n d"]: one backward pass."""
    with torch.enable_grad():
        leaves = {name: value.detach().requires_grad_() for name, value in theta_0.items()}
        value = f(leaves, *inputs)
        gradients = torch.autograd.grad(
            value, list(leaves.values()), cotangent.to(value.dtype), allow_unused=True, materialize_grads=True
        )
    return dict(zip(leaves, gradients, strict=True))


@contextmanager
def differentiable_attention() -> Iterator[None]:
    """Attention kernels that have a forward-mode rule: neither the fused encoder nor the fused attention has one."""
    fastpath = torch.backends.mha.get_fastpath_enabled()
    torch.backends.mha.set_fastpath_enabled(False)
    try:
        with sdpa_kernel(SDPBackend.MATH):
            yield
    finally:
        torch.backends.mha.set_fastpath_enabled(fastpath)


def _model(f: Function, theta_0: Parameters, *, alone: bool) -> Function:
    theta_0 = {name: value.detach() for name, value in theta_0.items()}

    def model(tau: Parameters, *inputs: Tensor) -> Tensor:
        require_same_names(theta_0, tau, what="tangent model")
        return _Tangent.apply(f, theta_0, alone, inputs, *(tau[name] for name in theta_0))

    return model


class _Tangent(torch.autograd.Function):
    @staticmethod
    def forward(ctx, f, theta_0, alone, inputs, *tau):
        ctx.f, ctx.theta_0, ctx.inputs = f, theta_0, inputs
        value, moved = jvp(f, theta_0, dict(zip(theta_0, tau, strict=True)), *inputs)
        # in tau's precision: a small tangent must not be rounded like a value
        return moved if alone else value.to(tau[0].dtype) + moved

    @staticmethod
    @once_differentiable  # forward mode leaves no tape: a second derivative would lack a term
    def backward(ctx, cotangent):
        gradients = vjp(ctx.f, ctx.theta_0, cotangent, *ctx.inputs)
        return None, None, None, None, *(gradients[name] for name in ctx.theta_0)
