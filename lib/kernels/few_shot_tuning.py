"""Fine-tuning as the kernel view has it beside kernel regression: SGD or Adam at a constant rate (Malladi et al. 2023).

The loss is the cross-entropy of f's outputs, which the kernels are of, too. No weight decay, no clipping, no warm-up,
no random crops: fine-tuning and regression see the same points.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator

import torch
from torch import Tensor
from torch.nn.functional import cross_entropy

from lib.kernels.gradient_products import Inputs
from lib.models.linearize import Function, Parameters

OPTIMIZERS = {"sgd": torch.optim.SGD, "adam": torch.optim.Adam}


def tune(
    f: Function,
    theta_0: Parameters,
    x: Inputs,
    labels: Tensor,
    *,
    optimizer: str,
    learning_rate: float,
    steps: int,
    batch_size: int,
    seed: int,
    progress: Callable[[Iterable], Iterable] = iter,
) -> dict[str, Tensor]:
    """theta after so many steps from theta_0 on all parameters.

    f: (theta, *inputs) -> Float[Tensor, "n C"]. x: n points; labels: Int[Tensor, "n"]. A batch has batch_size points,
    or all n if they are fewer; each pass over the points has an order of its own, the seed's. Raises ValueError when
    the loss is not finite any more.
    """
    inputs = (x,) if isinstance(x, Tensor) else tuple(x)
    theta = {name: value.detach().clone().requires_grad_() for name, value in theta_0.items()}
    descent = OPTIMIZERS[optimizer](theta.values(), lr=learning_rate)
    for step, rows in zip(progress(range(steps)), _batches(len(labels), batch_size, seed), strict=False):
        rows = rows.to(labels.device)
        loss = cross_entropy(f(theta, *(part[rows] for part in inputs)), labels[rows])
        if not loss.isfinite():
            raise ValueError(f"the loss is {loss.item()} at step {step}: learning rate {learning_rate} is too large")
        descent.zero_grad()
        loss.backward()
        descent.step()
    return {name: value.detach() for name, value in theta.items()}


def _batches(n: int, batch_size: int, seed: int) -> Iterator[Tensor]:
    """Rows of one step after the other, without end; what is left of a pass is left out."""
    generator, size = torch.Generator().manual_seed(seed), min(batch_size, n)
    while True:
        yield from torch.randperm(n, generator=generator)[: n // size * size].split(size)
