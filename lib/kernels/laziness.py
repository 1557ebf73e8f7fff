"""How lazy a fine-tuning was: whether a model moved, or only its parameters did (Chizat et al. 2019; Fort et al. 2020).

In the lazy regime parameters, features and kernel stay where they were at theta_0, and the model is its tangent model.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable
from dataclasses import dataclass

import torch
from torch import Tensor

from lib.kernels.gradient_products import Inputs
from lib.kernels.ntk import ntk
from lib.models.linearize import Function, Parameters
from lib.parameters import require_same_names


@dataclass(frozen=True)
class Laziness:
    """parameters: |theta_t - theta_0| / |theta_0|; features: the same of outputs; kernel: 1 - alignment, in [0, 1]."""

    parameters: float
    features: float
    kernel: float


def laziness(
    f: Function,
    theta_0: Parameters,
    theta_t: Parameters,
    x: Inputs,
    *,
    features: Function | None = None,
    trained: Collection[str] | None = None,
    memory_mib: float = 2048,
    vectorize: bool = True,
    progress: Callable[[Iterable], Iterable] = iter,
) -> Laziness:
    """The three distances of theta_t from theta_0, on held-out points x.

    f: whose NTKs, summed over outputs, are compared; features: whose outputs are, f if None. The rest as in
    `lib.kernels.ntk.ntk`. Raises ParameterMismatch for names or shapes that differ, and ValueError as `ntk` and for a
    theta_0, features or a kernel that are zero.
    """
    require_same_names(theta_0, theta_t, what="laziness")
    inputs = (x,) if isinstance(x, Tensor) else x
    with torch.no_grad():
        before, after = ((features or f)(theta, *inputs) for theta in (theta_0, theta_t))
    options = {"trained": trained, "memory_mib": memory_mib, "vectorize": vectorize, "progress": progress}
    kernels = [ntk(f, theta, x, outputs="sum", **options) for theta in (theta_0, theta_t)]
    return Laziness(parameter_change(theta_0, theta_t), relative_change(before, after), kernel_distance(*kernels))


def parameter_change(theta_0: Parameters, theta_t: Parameters) -> float:
    """|theta_t - theta_0| / |theta_0|, Euclidean norms over all parameters. Raises ParameterMismatch, ValueError."""
    require_same_names(theta_0, theta_t, what="change of parameters")
    moved = sum((theta_t[name].double() - value.double()).square().sum() for name, value in theta_0.items())
    return _ratio(moved, sum(value.double().square().sum() for value in theta_0.values()), "theta_0")


def relative_change(before: Tensor, after: Tensor) -> float:
    """|after - before| / |before|, Frobenius norms. Raises ValueError if `before` is zero."""
    before, after = before.double(), after.double()
    return _ratio((after - before).square().sum(), before.square().sum(), "what was before")


def kernel_distance(kernel_0: Tensor, kernel_t: Tensor) -> float:
    """1 - <K_0, K_t> / (|K_0| |K_t|), Frobenius (Fort et al. 2020, Eq. 4), of two kernels of one shape.

    0 for kernels that differ by a factor only, at most 1 for positive semi-definite ones. Raises ValueError for shapes
    that differ, and for a kernel that is zero.
    """
    if kernel_0.shape != kernel_t.shape:
        raise ValueError(f"kernels of shapes {tuple(kernel_0.shape)} and {tuple(kernel_t.shape)}: take the same points")
    a, b = (kernel.double().flatten() / kernel.double().norm() for kernel in (kernel_0, kernel_t))
    if not (a.isfinite().all() and b.isfinite().all()):
        raise ValueError("a kernel is zero or not finite: its distance to another is not defined")
    return (a - b).square().sum().item() / 2  # = 1 - a.b, without its cancellation


def _ratio(moved: Tensor, whole: Tensor, what: str) -> float:
    if whole == 0:
        raise ValueError(f"{what} is zero, so a change relative to it is not defined")
    return float((moved / whole).sqrt())
