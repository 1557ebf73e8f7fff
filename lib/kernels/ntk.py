"""The empirical neural tangent kernel, K_cc'(x, x') = <grad_theta f_c(x; theta), grad_theta f_c'(x'; theta)>.

Jacot et al. 2018, Eq. 4; at finite width and at any theta.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable

from torch import Tensor

from lib.kernels.gradient_products import Inputs, gradient_products
from lib.models.linearize import Function, Parameters


def ntk(
    f: Function,
    theta: Parameters,
    x: Inputs,
    x_other: Inputs | None = None,
    *,
    outputs: str = "each",
    trained: Collection[str] | None = None,
    memory_mib: float = 2048,
    vectorize: bool = True,
    progress: Callable[[Iterable], Iterable] = iter,
) -> Tensor:
    """K(x, x_other) of f at theta: symmetric and, up to rounding, positive semi-definite if x_other is None.

    outputs: "each" gives one kernel an output, K_cc, Float64[Tensor, "d n m"]; "pairs" all of K_cc', Float64[Tensor, "d
    d n m"]; "sum" their trace over the outputs, sum_c K_cc, Float64[Tensor, "n m"]. The rest, and what is raised, as in
    `lib.kernels.gradient_products.gradient_products`.
    """
    return gradient_products(
        f,
        theta,
        x,
        x_other,
        outputs=outputs,
        trained=trained,
        memory_mib=memory_mib,
        vectorize=vectorize,
        progress=progress,
    )[0]
