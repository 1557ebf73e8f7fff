"""Functions of parameters and their tangents, written out: what the tests of models compare with."""

import pytest
import torch


def parameters(module, dtype):
    return {name: value.detach().to(dtype) for name, value in module.named_parameters()}


def direction(theta, scale, seed=1):
    generator = torch.Generator().manual_seed(seed)
    return {n: scale * torch.randn(v.shape, generator=generator, dtype=v.dtype) for n, v in theta.items()}


def explicit_tangent(f, theta_0, tau, x):
    """f(x; theta_0) + J tau with J written out, one row an output, one column a parameter."""
    jacobian = torch.func.jacrev(lambda theta: f(theta, x))(theta_0)
    value = f(theta_0, x)
    for name, block in jacobian.items():
        value = value + block.flatten(2) @ tau[name].flatten()
    return value


def function_of(module):
    return lambda theta, x: torch.func.functional_call(module, dict(theta), (x,))


def kept_for_backward(f, *arguments, **more):
    """f's value, and how many numbers autograd keeps for its backward pass."""
    kept = []
    with torch.autograd.graph.saved_tensors_hooks(lambda t: kept.append(t.numel()) or t, lambda t: t):
        value = f(*arguments, **more)
    return value, sum(kept)


def require_once_differentiable(f, theta):
    """Take the gradient of a non-linear loss of f(theta), and again: the second time must be an error."""
    leaves = {name: value.clone().requires_grad_() for name, value in theta.items()}
    first = torch.autograd.grad((f(leaves) ** 2).sum(), list(leaves.values()), create_graph=True)
    with pytest.raises(RuntimeError, match="once_differentiable"):
        sum(gradient.sum() for gradient in first).backward()
