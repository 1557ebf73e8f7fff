"""How far a change of the parameters moves a task's embeddings: a quadratic form, layer by layer.

    mean_x |J(x) tau|^2 = tau^T G tau,   G = E_x J^T J ~ blockdiag(B_l (x) A_l)        (Porrello et al. 2026, TAK)

G is the generalized Gauss-Newton matrix of the squared loss at theta_0, in the Kronecker factors of K-FAC (Martens and
Grosse 2015): A_l of a layer's inputs, B_l of the gradients of its outputs. `lib.kernels.kfac` makes them.
"""

from __future__ import annotations

import json
import os
from collections.abc import Iterable, Mapping
from dataclasses import dataclass

import torch
from torch import Tensor
from torch.autograd.function import once_differentiable

from lib.files import checkpoints
from lib.files.checkpoints import CheckpointError

Parameters = Mapping[str, Tensor]
_KEY = "curvature"  # of the file's metadata


@dataclass(frozen=True)
class Layer:
    """B (x) A of one linear layer, its bias with it.

    inputs: Float[Tensor, "in in"], A, one row and column more for the bias; outputs: Float[Tensor, "out out"], B.
    tokens: R, over which A is a mean and B a sum. bias: its name, None without. transposed: the weight is stored as
    Float[Tensor, "in out"].
    """

    inputs: Tensor
    outputs: Tensor
    tokens: int
    bias: str | None = None
    transposed: bool = False

    def update(self, name: str, tau: Parameters) -> Tensor:
        """[dW, db], Float[Tensor, "out in"], of a task vector."""
        change = tau[name].mT if self.transposed else tau[name].flatten(1)
        return change if self.bias is None else torch.cat([change, tau[self.bias][:, None]], dim=1)


@dataclass(frozen=True)
class Curvature:
    """G of one task, or of several. layers: weight -> factors; blocks: any other parameter -> Float[Tensor, "d d"].

    size: the images of the tasks, which weigh them in `merged`.
    """

    layers: Mapping[str, Layer]
    blocks: Mapping[str, Tensor]
    size: int

    def quadratic(self, tau: Parameters, *, weights: Mapping[str, float] | None = None) -> Tensor:
        """tau^T G tau, a scalar, differentiable in tau once; without the parameters that have no part in G.

        weights: name of a layer's weight or of a block -> its factor in the sum, 1 for those that are left out.
        """
        weights = weights or {}
        total = [weights.get(n, 1.0) * quadratic(a.update(n, tau), a.outputs, a.inputs) for n, a in self.layers.items()]
        for name, block in self.blocks.items():
            column, one = tau[name].reshape(-1, 1), block.new_ones(1, 1)
            total.append(weights.get(name, 1.0) * quadratic(column, block, one))
        return torch.stack(total).sum()


def quadratic(update: Tensor, outputs: Tensor, inputs: Tensor) -> Tensor:
    """tr(B dW A dW^T) with B = outputs, A = inputs, both symmetric; its gradient, 2 B dW A, comes with the value."""
    return _Quadratic.apply(update, outputs, inputs)


def merged(curvatures: Iterable[Curvature]) -> Curvature:
    """(sum_t B_t) (x) (sum_t w_t A_t) and sum_t w_t F_t, w_t = N_t / sum_s N_s (Porrello et al. 2026, Eq. 8).

    Equal to the sum of all forms if all A_t are equal. Takes one curvature at a time. Raises ValueError for none, and
    if two have other layers.
    """
    total: Curvature | None = None
    for one in curvatures:
        weighed = Curvature(
            {n: Layer(one.size * a.inputs, a.outputs, a.tokens, a.bias, a.transposed) for n, a in one.layers.items()},
            {name: one.size * block for name, block in one.blocks.items()},
            one.size,
        )
        total = weighed if total is None else _added(total, weighed)
    if total is None:
        raise ValueError("no curvature to merge: the run has no other task; add one, or leave out this mode")
    for layer in total.layers.values():
        layer.inputs.div_(total.size)
    for block in total.blocks.values():
        block.div_(total.size)
    return total


def save(path: str | os.PathLike, curvature: Curvature) -> None:
    """Write a curvature as a safetensors file: of each symmetric matrix the upper triangle, row by row."""
    tensors = {f"{name}/block": _triangle(block) for name, block in curvature.blocks.items()}
    facts = {"size": curvature.size, "layers": {}}
    for name, layer in curvature.layers.items():
        tensors |= {f"{name}/inputs": _triangle(layer.inputs), f"{name}/outputs": _triangle(layer.outputs)}
        facts["layers"][name] = {"tokens": layer.tokens, "bias": layer.bias, "transposed": layer.transposed}
    checkpoints.save(path, tensors, {_KEY: json.dumps(facts)})


def load(path: str | os.PathLike, device: torch.device | str = "cpu") -> Curvature:
    """Read what `save` wrote. Raises CheckpointError for a file of another kind, or a damaged one."""
    tensors = checkpoints.load(path)
    try:
        facts = json.loads(checkpoints.metadata(path)[_KEY])
    except (KeyError, ValueError) as error:
        raise CheckpointError(f"{path} is no file of curvatures: run the rule `curvature` again") from error

    def matrix(name: str) -> Tensor:
        return _symmetric(tensors[name].to(device))

    layers = {n: Layer(matrix(f"{n}/inputs"), matrix(f"{n}/outputs"), **kept) for n, kept in facts["layers"].items()}
    blocks = [name for name in tensors if name.endswith("/block")]
    return Curvature(layers, {name.removesuffix("/block"): matrix(name) for name in blocks}, facts["size"])


class _Quadratic(torch.autograd.Function):
    @staticmethod
    def forward(ctx, update, outputs, inputs):
        image = (outputs @ update @ inputs).to(update.dtype)
        ctx.save_for_backward(image)
        return (update * image).sum()

    @staticmethod
    @once_differentiable
    def backward(ctx, cotangent):
        (image,) = ctx.saved_tensors
        return 2 * cotangent * image, None, None


def _added(a: Curvature, b: Curvature) -> Curvature:
    """In place of a's tensors."""
    if a.layers.keys() != b.layers.keys() or a.blocks.keys() != b.blocks.keys():
        raise ValueError("two curvatures are of other layers: make those of one model again by the rule `curvature`")
    layers = {}
    for name, layer in a.layers.items():
        other = b.layers[name]
        outputs = layer.outputs + other.outputs
        tokens = max(layer.tokens, other.tokens)
        layers[name] = Layer(layer.inputs.add_(other.inputs), outputs, tokens, layer.bias, layer.transposed)
    return Curvature(layers, {n: block.add_(b.blocks[n]) for n, block in a.blocks.items()}, a.size + b.size)


def _triangle(matrix: Tensor) -> Tensor:
    rows, columns = torch.triu_indices(*matrix.shape, device=matrix.device)
    return matrix[rows, columns]


def _symmetric(triangle: Tensor) -> Tensor:
    side = int(((8 * len(triangle) + 1) ** 0.5 - 1) / 2 + 0.5)
    matrix = triangle.new_zeros(side, side)
    rows, columns = torch.triu_indices(side, side, device=triangle.device)
    matrix[rows, columns] = triangle
    matrix[columns, rows] = triangle
    return matrix
