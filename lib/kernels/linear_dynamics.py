"""Gradient descent on a linearized model in closed form (Lee et al. 2019, Eqs. 8 to 11).

With the NTK's eigendecomposition K(X, X) = Q diag(k) Q^T, step size eta and L = 1/(2n) sum |f - y|^2,

    theta_t = theta_0 + J(X)^T c_t,    f_t(x) = f_0(x) + K(x, X) c_t,    c_t = Q diag(g_t(k)) Q^T (y - f_0(X))

where g_t(k) = (1 - (1 - eta k / n)^t) / k for steps of gradient descent, and (1 - exp(-eta k t / n)) / k for gradient
flow over the time eta t.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import torch
from torch import Tensor

from lib.kernels.ntk import ntk
from lib.kernels.wide_networks import Trajectory, Watched, watched_weights
from lib.models.linearize import Function, Parameters, vjp


@dataclass(frozen=True)
class LinearDynamics:
    """values, vectors: of K(X, X) over points and outputs, point by point in each output. residual: y - f_0(X).

    flow: gradient flow instead of steps. All in float64.
    """

    values: Tensor
    vectors: Tensor
    residual: Tensor
    learning_rate: float
    flow: bool = False

    @classmethod
    def of(cls, kernel: Tensor, residual: Tensor, *, learning_rate: float, flow: bool = False) -> LinearDynamics:
        """From K(X, X) of all pairs of outputs, Float[Tensor, "d d n n"], and y - f_0(X), Float[Tensor, "n d"].

        Raises ValueError if steps of that size diverge.
        """
        values, vectors = torch.linalg.eigh(_flat(kernel))
        values = values.clamp(min=0)
        if not flow and learning_rate * values[-1] >= 2 * len(residual):
            largest = 2 * len(residual) / values[-1].item()
            raise ValueError(f"learning rate {learning_rate} diverges: this kernel allows less than {largest:.4g}")
        return cls(values, vectors, residual.double(), learning_rate, flow)

    def coefficients(self, step: float) -> Tensor:
        """c_t, Float64[Tensor, "n d"]."""
        n, d = self.residual.shape
        projected = self.vectors.mT @ self.residual.mT.flatten()
        return (self.vectors @ (self._gain(step) * projected)).view(d, n).mT

    def change(self, kernel: Tensor, step: float) -> Tensor:
        """f_t(x) - f_0(x), Float64[Tensor, "m d"], given K(X, x), Float[Tensor, "d d n m"]."""
        d = self.residual.shape[1]
        return (_flat(kernel).mT @ self.coefficients(step).mT.flatten()).view(d, -1).mT

    def _gain(self, step: float) -> Tensor:
        """g_t at each eigenvalue; eta t / n where it is zero."""
        rate = self.learning_rate / len(self.residual)
        z = rate * self.values
        if self.flow:
            done = -torch.expm1(-step * z)
        else:  # 1 - (1 - z)^t, exact for small z too
            done = torch.where(z < 0.5, -torch.expm1(step * torch.log1p(-z.clamp(max=0.5))), 1 - (1 - z) ** int(step))
        return torch.where(z > 0, rate * done / z, rate * step)


def analytic(
    f: Function,
    theta_0: Parameters,
    x: Tensor,
    y: Tensor,
    *,
    learning_rate: float,
    steps: Sequence[int],
    x_test: Tensor,
    watched: Watched | None = None,
    flow: bool = False,
    memory_mib: float = 2048,
) -> Trajectory:
    """What `wide_networks.descend` records of the linearization of f at theta_0, without training.

    flow: gradient flow over the time learning_rate * step, in place of steps. Float64. Raises ValueError if steps of
    that size diverge, and as `ntk`.
    """
    with torch.no_grad():
        f_0, f_0_test = f(theta_0, x), f(theta_0, x_test)
    square, beside = (ntk(f, theta_0, x, z, outputs="pairs", memory_mib=memory_mib) for z in (None, x_test))
    dynamics = LinearDynamics.of(square, y - f_0, learning_rate=learning_rate, flow=flow)
    found = []
    for step in steps:
        moved = vjp(f, theta_0, dynamics.coefficients(step), x) if watched else {}
        weights = watched_weights({name: theta_0[name].double() + moved[name] for name in watched or {}}, watched or {})
        found.append((f_0 + dynamics.change(square, step), f_0_test + dynamics.change(beside, step), weights))
    return Trajectory(tuple(steps), *(torch.stack(kind) for kind in zip(*found, strict=True)))


def _flat(kernel: Tensor) -> Tensor:
    """Float64[Tensor, "d*n d*m"] of Float[Tensor, "d d n m"]."""
    return kernel.double().transpose(1, 2).flatten(2).flatten(0, 1)
