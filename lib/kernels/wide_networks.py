"""Fully connected networks in NTK parametrisation, and training them (Lee et al. 2019, Sec. 2 and Fig. 3).

    h = (sigma_w / sqrt(fan_in)) W x + sigma_b b,    W, b ~ N(0, 1),    ReLU between layers

are trained by full-batch gradient descent on L = 1/(2n) sum over points of |f(x) - y|^2.
ASSUME: the paper writes the loss as a sum and names a learning rate of 0.01, which only the mean is stable with.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import torch
from torch import Tensor

from lib.models.linearize import Function, Parameters, linearize

Watched = Mapping[str, Sequence[int]]


@dataclass(frozen=True)
class WideNetwork:
    """f(theta, x): Float[Tensor, "n inputs"] -> Float[Tensor, "n outputs"]. Variances are sigma_w^2 and sigma_b^2."""

    inputs: int
    width: int
    hidden_layers: int
    outputs: int = 1
    weight_variance: float = 2.0
    bias_variance: float = 0.1

    def initial(self, *, seed: int, dtype: torch.dtype = torch.float32) -> dict[str, Tensor]:
        """theta_0, standard normal numbers from the seed: layers.{l}.weight and layers.{l}.bias."""
        generator = torch.Generator().manual_seed(seed)
        sizes = [self.inputs, *[self.width] * self.hidden_layers, self.outputs]
        theta = {}
        for layer, (fan_in, fan_out) in enumerate(zip(sizes, sizes[1:], strict=False)):
            theta[f"layers.{layer}.weight"] = torch.randn(fan_out, fan_in, generator=generator, dtype=dtype)
            theta[f"layers.{layer}.bias"] = torch.randn(fan_out, generator=generator, dtype=dtype)
        return theta

    def __call__(self, theta: Parameters, x: Tensor) -> Tensor:
        for layer in range(self.hidden_layers + 1):
            weight, bias = theta[f"layers.{layer}.weight"], theta[f"layers.{layer}.bias"]
            scale = (self.weight_variance / weight.shape[-1]) ** 0.5
            x = torch.nn.functional.linear(scale * x, weight) + self.bias_variance**0.5 * bias
            x = x.relu() if layer < self.hidden_layers else x
        return x


@dataclass(frozen=True)
class Trajectory:
    """What training went through at the recorded steps.

    outputs: at the training points, Float[Tensor, "steps n d"]; outputs_test: at test points, "steps m d"; weights: the
    watched ones, "steps w", by names and then by their places in the flattened tensor.
    """

    steps: tuple[int, ...]
    outputs: Tensor
    outputs_test: Tensor
    weights: Tensor


def descend(
    f: Function,
    theta_0: Parameters,
    x: Tensor,
    y: Tensor,
    *,
    learning_rate: float,
    steps: Sequence[int],
    x_test: Tensor,
    watched: Watched | None = None,
    on_step: Callable[[int], None] = lambda step: None,
) -> Trajectory:
    """Full-batch gradient descent, theta <- theta - learning_rate grad L, recorded at `steps`, in rising order from 0.

    f: (theta, x) -> Float[Tensor, "n d"]. y: Float[Tensor, "n d"]. Raises ValueError for other steps, and when the loss
    is not finite any more.
    """
    _require_rising(steps)
    theta = {name: value.detach().clone().requires_grad_() for name, value in theta_0.items()}
    found = []
    for step in range(steps[-1] + 1):
        outputs = f(theta, x)
        if not outputs.isfinite().all():
            raise ValueError(f"training diverged before step {step}: the learning rate {learning_rate} is too large")
        if step in steps:
            with torch.no_grad():
                found.append((outputs.detach(), f(theta, x_test), watched_weights(theta, watched or {})))
        if step < steps[-1]:
            gradients = torch.autograd.grad(outputs, list(theta.values()), (outputs.detach() - y) / len(y))
            with torch.no_grad():
                for value, gradient in zip(theta.values(), gradients, strict=True):
                    value -= learning_rate * gradient
        on_step(step)
    return Trajectory(tuple(steps), *(torch.stack(kind) for kind in zip(*found, strict=True)))


def recorded_steps(steps: int, count: int) -> list[int]:
    """At most `count` whole steps from 0 to `steps`, evenly spaced, without repetition."""
    return sorted({int(step) for step in np.linspace(0, steps, count).round()})


def linearized(f: Function, theta_0: Parameters) -> Function:
    """(theta, x) -> f_lin(x) = f(x; theta_0) + J (theta - theta_0), for `descend`."""
    f_lin = linearize(f, theta_0)
    return lambda theta, x: f_lin({name: theta[name] - theta_0[name] for name in theta_0}, x)


def watched_weights(theta: Parameters, watched: Watched) -> Tensor:
    """Float[Tensor, "w"]: the numbers at those places of the named, flattened tensors."""
    chosen = [theta[name].detach().flatten()[list(places)] for name, places in watched.items()]
    return torch.cat(chosen) if chosen else torch.empty(0)


def standardised(x: Tensor, x_test: Tensor) -> tuple[Tensor, Tensor]:
    """Float[Tensor, "n inputs"] and "m inputs": less the training points' mean, over their root mean square.

    So an input is 1 in the mean square, as the parametrisation supposes. Raises ValueError for points that are equal.
    """
    mean = x.mean(0)
    scale = (x - mean).square().mean().sqrt()
    if scale == 0:
        raise ValueError(f"all {len(x)} training points are equal: nothing to learn from, expected some that differ")
    return (x - mean) / scale, (x_test - mean) / scale


def _require_rising(steps: Sequence[int]) -> None:
    if not steps or steps[0] != 0 or any(a >= b for a, b in zip(steps, steps[1:], strict=False)):
        raise ValueError(f"steps {list(steps)[:8]}: expected rising numbers from 0 on")
