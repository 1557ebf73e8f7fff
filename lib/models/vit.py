"""open_clip's plain image tower as a function of its parameters, f(x; theta).

The same operations in the same order as `lib.models.tangent_vit` without tangents: equal to the bit.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import torch
import torch.nn.functional as F
from torch import Tensor, nn
from torch.utils.checkpoint import checkpoint

from lib.precision import exact_products

Parameters = Mapping[str, Tensor]


class NoPlainVit(TypeError):
    """A tower that this module has no function of."""

    def __init__(self, part: str):
        super().__init__(f"no plain ViT: {part}; use lib.models.linearize.linearize, which takes any module")


@dataclass(frozen=True)
class VitShape:
    """What the parameters of open_clip's plain VisionTransformer do not say. activation: "quick_gelu" or "gelu"."""

    patch_size: tuple[int, int]
    layers: int
    heads: int
    activation: str
    epsilon: float = 1e-5


def vit(shape: VitShape, theta: Parameters, x: Tensor, *, recompute: bool = False) -> Tensor:
    """f(x; theta), Float[Tensor, "n d"], of normalised images x, Float[Tensor, "n 3 s s"]; differentiable in theta.

    Only the class token is read at the end, so the last block computes no other (exact: nothing else reads them).
    recompute: keep of each block's tape its input alone, and make the rest again in the backward pass (activation
    checkpointing, Chen et al. 2016): the same numbers, less memory, one more forward pass.
    """
    x = _embed(shape, theta, x)
    for index in range(shape.layers):
        parameters = part(theta, f"transformer.resblocks.{index}.")
        outputs = 1 if index == shape.layers - 1 else x.shape[1]
        if recompute and torch.is_grad_enabled():
            x = checkpoint(_block, shape, parameters, x, outputs=outputs, use_reentrant=False, preserve_rng_state=False)
        else:
            x = _block(shape, parameters, x, outputs=outputs)
    x = _layer_norm(shape, part(theta, "ln_post."), x[:, 0])
    with exact_products(x.device.type):  # of one token an image: rounding it would decide between classes
        return F.linear(x, theta["proj"].mT)


def part(tensors: Parameters, prefix: str) -> dict[str, Tensor]:
    """The tensors whose names begin with `prefix`, without it."""
    return {name.removeprefix(prefix): tensors[name] for name in tensors if name.startswith(prefix)}


def patches(x: Tensor, height: int, width: int) -> Tensor:
    """Float[Tensor, "n p c*height*width"]: the images' patches in rows, each in the order of a convolution's kernel."""
    n, channels, rows, columns = x.shape
    grid = x.reshape(n, channels, rows // height, height, columns // width, width)
    return grid.permute(0, 2, 4, 1, 3, 5).reshape(n, (rows // height) * (columns // width), -1)


def tokens(grid: Tensor, tensors: Parameters) -> Tensor:
    """The class embedding before the patches' embeddings, plus the positional embedding, in the grid's precision."""
    classes = tensors["class_embedding"].to(grid.dtype).expand(len(grid), 1, -1)
    return torch.cat([classes, grid], dim=1) + tensors["positional_embedding"].to(grid.dtype)


def split_heads(stacked: Tensor, parts: int, heads: int) -> tuple[Tensor, ...]:
    """`parts` tensors Float[Tensor, "n heads tokens d"] that lie side by side in Float[Tensor, "n tokens parts*w"]."""
    n, length, _ = stacked.shape
    return stacked.reshape(n, length, parts, heads, -1).permute(2, 0, 3, 1, 4).unbind(0)


def merge_heads(x: Tensor) -> Tensor:
    """Float[Tensor, "n tokens w"] from Float[Tensor, "n heads tokens d"]."""
    return x.transpose(1, 2).flatten(-2)


def shape_of(tower: nn.Module) -> VitShape:
    """The shape of open_clip's plain VisionTransformer. Raises NoPlainVit, naming the part, for any other."""
    from open_clip.transformer import LayerNorm, QuickGELU, ResidualAttentionBlock, VisionTransformer

    if type(tower) is not VisionTransformer:
        raise NoPlainVit(f"an image tower of type {type(tower).__name__}")
    if tower.attn_pool is not None or tower.pool_type != "tok" or tower.final_ln_after_pool or tower.output_tokens:
        raise NoPlainVit("pooling other than the class token's")
    if not isinstance(tower.patch_dropout, nn.Identity) or tower.proj is None or type(tower.ln_pre) is not LayerNorm:
        raise NoPlainVit("patch dropout, or a tower without projection or without a norm before the blocks")
    for block in tower.transformer.resblocks:
        if type(block) is not ResidualAttentionBlock or not isinstance(block.ls_1, nn.Identity):
            raise NoPlainVit(f"a block of type {type(block).__name__} or with layer scale")
        if type(block.mlp.gelu) not in (nn.GELU, QuickGELU) or not isinstance(block.ln_1, LayerNorm):
            raise NoPlainVit(f"the activation {type(block.mlp.gelu).__name__} or the norm {type(block.ln_1).__name__}")
    blocks = tower.transformer.resblocks
    activation = "quick_gelu" if isinstance(blocks[0].mlp.gelu, QuickGELU) else "gelu"
    return VitShape(tuple(tower.patch_size), len(blocks), blocks[0].attn.num_heads, activation, blocks[0].ln_1.eps)


def _embed(shape: VitShape, theta: Parameters, x: Tensor) -> Tensor:
    kernel = theta["conv1.weight"]
    grid = F.linear(patches(x, *shape.patch_size), kernel.reshape(kernel.shape[0], -1))
    return _layer_norm(shape, part(theta, "ln_pre."), tokens(grid, theta))


def _block(shape: VitShape, theta: Parameters, x: Tensor, *, outputs: int) -> Tensor:
    y = _layer_norm(shape, part(theta, "ln_1."), x)
    x = x[:, :outputs] + _attention(part(theta, "attn."), y, heads=shape.heads, outputs=outputs)
    y = _layer_norm(shape, part(theta, "ln_2."), x)
    y = _activation(shape.activation, F.linear(y, theta["mlp.c_fc.weight"], theta["mlp.c_fc.bias"]))
    return x + F.linear(y, theta["mlp.c_proj.weight"], theta["mlp.c_proj.bias"])


def _layer_norm(shape: VitShape, theta: Parameters, x: Tensor) -> Tensor:
    """Whatever the precision of products, this is computed in that of the parameters."""
    weight = theta["weight"]
    return F.layer_norm(x.to(weight.dtype), x.shape[-1:], weight, theta["bias"], shape.epsilon)


def _activation(name: str, x: Tensor) -> Tensor:
    """GELU, or QuickGELU, x sigmoid(1.702 x) = silu(1.702 x) / 1.702."""
    return F.gelu(x) if name == "gelu" else F.silu(1.702 * x) / 1.702


def _attention(theta: Parameters, x: Tensor, *, heads: int, outputs: int) -> Tensor:
    """softmax(q k^T / sqrt(d)) v, projected, for the first `outputs` tokens."""
    weight, bias, width = theta["in_proj_weight"], theta["in_proj_bias"], x.shape[-1]
    if outputs == x.shape[1]:
        q, k, v = split_heads(F.linear(x, weight, bias), 3, heads)
    else:
        (q,) = split_heads(F.linear(x[:, :outputs], weight[:width], bias[:width]), 1, heads)
        k, v = split_heads(F.linear(x, weight[width:], bias[width:]), 2, heads)
    y = merge_heads(F.scaled_dot_product_attention(q, k, v))
    return F.linear(y, theta["out_proj.weight"], theta["out_proj.bias"])
