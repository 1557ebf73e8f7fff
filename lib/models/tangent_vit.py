"""The tangent model of open_clip's image tower, primal and tangents in one pass.

`lib.models.linearize` needs one pass for the value and another for the gradient, and gives up fused attention. Here
each layer carries (x, [dx_1, ..., dx_m]) for m task vectors at once: the primal x with autograd's tape if a gradient is
wanted, the tangents beside it without one. The gradient J^T g then is one ordinary backward pass of the primal.

Cost in matrix products of a forward pass: 1 primal + 2 a tangent + 2 backward = 5 for m = 1, against 3 for a
standard training step.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass

import torch
import torch.nn.functional as F
from torch import Tensor, nn
from torch.utils.checkpoint import checkpoint

from lib.files.checkpoints import require_same_names
from lib.models.tangent_layers import Parameters, Tangents, activation, affine, attention, layer_norm, linear, residual
from lib.precision import exact_products


@dataclass(frozen=True)
class TowerShape:
    """What the parameters of open_clip's plain VisionTransformer do not say. activation: "quick_gelu" or "gelu"."""

    patch_size: tuple[int, int]
    layers: int
    heads: int
    activation: str
    epsilon: float = 1e-5


def linearize_vit(
    shape: TowerShape, theta_0: Parameters, *, recompute: bool = False
) -> Callable[[Parameters, Tensor], Tensor]:
    """Return f_lin(tau, x) for open_clip's VisionTransformer; the same function as `lib.models.linearize.linearize` gives.

    x: Float[Tensor, "n 3 s s"], normalised images; result: Float[Tensor, "n d"], differentiable in tau. recompute:
    as in `value_and_tangents`. Raises CheckpointError for names or shapes that differ.
    """
    return _model(shape, theta_0, from_theta=False, recompute=recompute)


def linearize_vit_at(
    shape: TowerShape, theta_0: Parameters, *, recompute: bool = False
) -> Callable[[Parameters, Tensor], Tensor]:
    """The same model as a function of theta = theta_0 + tau, (theta, x) -> f_lin(tau, x), as it is trained.

    Takes the differences a layer at a time, so that no second copy of all parameters lies beside the tape.
    """
    return _model(shape, theta_0, from_theta=True, recompute=recompute)


def value_and_tangents(
    shape: TowerShape, theta_0: Parameters, taus: Sequence[Parameters], x: Tensor, *, recompute: bool = False
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


def shape_of(tower: nn.Module) -> TowerShape:
    """The shape of open_clip's plain VisionTransformer. Raises TypeError, naming the part, for any other tower."""
    from open_clip.transformer import LayerNorm, QuickGELU, ResidualAttentionBlock, VisionTransformer

    def refuse(part: str) -> None:
        raise TypeError(f"no tangent rule for {part}; use lib.models.linearize.linearize, which takes any module")

    if type(tower) is not VisionTransformer:
        refuse(f"an image tower of type {type(tower).__name__}")
    if tower.attn_pool is not None or tower.pool_type != "tok" or tower.final_ln_after_pool or tower.output_tokens:
        refuse("pooling other than the class token's")
    if not isinstance(tower.patch_dropout, nn.Identity) or tower.proj is None or type(tower.ln_pre) is not LayerNorm:
        refuse("patch dropout, or a tower without projection or without a norm before the blocks")
    for block in tower.transformer.resblocks:
        if type(block) is not ResidualAttentionBlock or not isinstance(block.ls_1, nn.Identity):
            refuse(f"a block of type {type(block).__name__} or with layer scale")
        if type(block.mlp.gelu) not in (nn.GELU, QuickGELU) or not isinstance(block.ln_1, LayerNorm):
            refuse(f"the activation {type(block.mlp.gelu).__name__} or the norm {type(block.ln_1).__name__}")
    blocks = tower.transformer.resblocks
    activation = "quick_gelu" if isinstance(blocks[0].mlp.gelu, QuickGELU) else "gelu"
    return TowerShape(tuple(tower.patch_size), len(blocks), blocks[0].attn.num_heads, activation, blocks[0].ln_1.eps)


def _model(
    shape: TowerShape, theta_0: Parameters, *, from_theta: bool, recompute: bool
) -> Callable[[Parameters, Tensor], Tensor]:
    theta_0 = {name: value.detach() for name, value in theta_0.items()}

    def model(given: Parameters, x: Tensor) -> Tensor:
        require_same_names(theta_0, given, what="tangent model")
        return _TangentTower.apply(shape, theta_0, from_theta, recompute, x, *(given[name] for name in theta_0))

    return model


class _TangentTower(torch.autograd.Function):
    @staticmethod
    def forward(ctx, shape, theta_0, from_theta, recompute, x, *given):
        wanted = any(ctx.needs_input_grad[5:])
        ctx.leaves = [value.detach().requires_grad_(wanted) for value in theta_0.values()]
        given = dict(zip(theta_0, (value.detach() for value in given), strict=True))
        tau = _Differences(given, theta_0) if from_theta else given
        with torch.set_grad_enabled(wanted):
            leaves = dict(zip(theta_0, ctx.leaves, strict=True))
            value, (tangent,) = value_and_tangents(shape, leaves, [tau], x, recompute=recompute)
        ctx.value = value
        return value.detach() + tangent

    @staticmethod
    def backward(ctx, cotangent):
        gradients = torch.autograd.grad(ctx.value, ctx.leaves, cotangent.to(ctx.value.dtype))
        del ctx.value, ctx.leaves
        return None, None, None, None, None, *gradients


class _Differences(Mapping):
    """theta - theta_0, each tensor made when it is asked for."""

    def __init__(self, theta: Parameters, theta_0: Parameters):
        self._theta, self._theta_0 = theta, theta_0

    def __getitem__(self, name: str) -> Tensor:
        return self._theta[name] - self._theta_0[name]

    def __iter__(self) -> Iterator[str]:
        return iter(self._theta_0)

    def __len__(self) -> int:
        return len(self._theta_0)


def _under(prefix: str, theta_0: Parameters, taus: Sequence[Parameters]) -> tuple[Parameters, list[Parameters]]:
    def part(tensors: Parameters) -> dict[str, Tensor]:
        return {name.removeprefix(prefix): tensors[name] for name in tensors if name.startswith(prefix)}

    return part(theta_0), [part(tau) for tau in taus]


def _embed(shape: TowerShape, theta: Parameters, taus: Sequence[Parameters], x: Tensor) -> tuple[Tensor, Tangents]:
    patches = _patches(x, *shape.patch_size)
    width = theta["conv1.weight"].shape[0]

    def tokens(tensors: Parameters) -> Tensor:
        grid = F.linear(patches, tensors["conv1.weight"].reshape(width, -1))
        classes = tensors["class_embedding"].to(grid.dtype).expand(len(x), 1, -1)
        return torch.cat([classes, grid], dim=1) + tensors["positional_embedding"].to(grid.dtype)

    with torch.no_grad():
        tangents = [tokens(tau) for tau in taus]
    return layer_norm(shape.epsilon, *_under("ln_pre.", theta, taus), tokens(theta), tangents)


def _patches(x: Tensor, height: int, width: int) -> Tensor:
    n, channels, rows, columns = x.shape
    grid = x.reshape(n, channels, rows // height, height, columns // width, width)
    return grid.permute(0, 2, 4, 1, 3, 5).reshape(n, (rows // height) * (columns // width), -1)


def _block(
    shape: TowerShape, theta: Parameters, taus: list[Parameters], x: Tensor, dx: Tangents, *, outputs: int
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
    shape: TowerShape, theta: Parameters, taus: list[Parameters], x: Tensor, dx: Tangents, *, outputs: int
) -> tuple[Tensor, Tangents]:
    """The same block without its tape. The tangents have none, so the second time they are left out."""
    tangents = [(taus, dx)]

    def run(x: Tensor) -> tuple[Tensor, ...]:
        taus, dx = tangents.pop() if tangents else ([], [])
        y, dy = _block(shape, theta, taus, x, dx, outputs=outputs)
        return y, *dy

    y, *dy = checkpoint(run, x, use_reentrant=False, preserve_rng_state=False)
    return y, dy
