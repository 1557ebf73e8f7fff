"""The kernels of early fine-tuning by SGD, SignGD and Adam (Malladi et al. 2023, Table 1 and Def. 5.1 to 5.3).

    K_SGD(x, x')       = <g_x, g_x'>
    K_SignGD(x, x')    = <sign g_x, sign g_x'>
    K_A-SignGD(x, x')  = <sign g_x, g_x'>,  x a training point

with g_x = grad_theta f_c(x; theta_0), one kernel for each output c. Adam's first steps are SignGD's.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable

from torch import Tensor

from lib.kernels.gradient_products import Inputs, gradient_products
from lib.models.linearize import Function, Parameters

KERNELS = {"sgd": ("gradient", "gradient"), "signgd": ("sign", "sign"), "a-signgd": ("sign", "gradient")}


def descent_kernels(
    f: Function,
    theta: Parameters,
    x: Inputs,
    x_other: Inputs | None = None,
    *,
    kernels: Collection[str] = tuple(KERNELS),
    trained: Collection[str] | None = None,
    memory_mib: float = 2048,
    vectorize: bool = True,
    progress: Callable[[Iterable], Iterable] = iter,
) -> dict[str, Tensor]:
    """Each of the named kernels, Float64[Tensor, "d n m"], from the same gradients.

    x: the training points, whose gradients have the sign in "a-signgd"; x_other: points to predict, None for the
    training points themselves. A gradient that is zero by the model's form (that of the keys' biases in attention) is
    rounding's noise, and its sign counts like any other: leave such parameters out of `trained` where bits matter. The
    rest as in `lib.kernels.gradient_products.gradient_products`. Raises ValueError for other names of kernels too.
    """
    names = list(kernels)
    if unknown := [name for name in names if name not in KERNELS]:
        raise ValueError(f"no kernel is called {unknown}: choose from {', '.join(KERNELS)}")
    found = gradient_products(
        f,
        theta,
        x,
        x_other,
        pairings=[KERNELS[name] for name in names],
        trained=trained,
        memory_mib=memory_mib,
        vectorize=vectorize,
        progress=progress,
    )
    return dict(zip(names, found, strict=True))
