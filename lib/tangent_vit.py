"""The tangent model of open_clip's image tower, primal and tangents in one pass.

`lib.linearize` needs one pass for the value and another for the gradient, and gives up fused attention. Here
each layer carries (x, [dx_1, ..., dx_m]) for m task vectors at once: the primal x with autograd's tape if a gradient is
wanted, the tangents beside it without one. The gradient J^T g then is one ordinary backward pass of the primal.

Cost in matrix products of a forward pass: 1 primal + 2 a tangent + 2 backward = 5 for m = 1, against 3 for a
standard training step.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from lib.checkpoints import require_same_names

Parameters = Mapping[str, Tensor]
Tangents = list[Tensor]


@dataclass(frozen=True)
class TowerShape:
    """What the parameters of open_clip's plain VisionTransformer do not say. activation: "quick_gelu" or "gelu"."""

    patch_size: tuple[int, int]
    layers: int
    heads: int
    activation: str
    epsilon: float = 1e-5


def linearize_vit(shape: TowerShape, theta_0: Parameters) -> Callable[[Parameters, Tensor], Tensor]:
    """Return f_lin(tau, x) for open_clip's VisionTransformer; the same function as `lib.linearize.linearize` gives.

    x: Float[Tensor, "n 3 s s"], normalised pictures; result: Float[Tensor, "n d"], differentiable in tau. Raises
    CheckpointError for names or shapes that differ.
    """
    theta_0 = {name: value.detach() for name, value in theta_0.items()}

    def f_lin(tau: Parameters, x: Tensor) -> Tensor:
        require_same_names(theta_0, tau, what="tangent model")
        return _TangentTower.apply(shape, theta_0, x, *(tau[name] for name in theta_0))

    return f_lin


def value_and_tangents(
    shape: TowerShape, theta_0: Parameters, taus: Sequence[Parameters], x: Tensor
) -> tuple[Tensor, Tangents]:
    """(f(x; theta_0), [J tau_1, ..., J tau_m]), each Float[Tensor, "n d"], from one pass over the pictures x.

    With autograd enabled the first carries the tape with respect to theta_0; the tangents never do. Only the class
    token is read at the end, so the last block computes no other (exact: nothing else reads them).
    """
    x, dx = _embed(shape, theta_0, taus, x)
    for index in range(shape.layers):
        parameters = _under(f"transformer.resblocks.{index}.", theta_0, taus)
        outputs = 1 if index == shape.layers - 1 else x.shape[1]
        x, dx = _block(shape, *parameters, x, dx, outputs=outputs)
    x, dx = _layer_norm(shape.epsilon, *_under("ln_post.", theta_0, taus), x[:, 0], [d[:, 0] for d in dx])
    return _linear(x, dx, theta_0["proj"].mT, [tau["proj"].mT for tau in taus])


def shape_of(tower: nn.Module) -> TowerShape:
    """The shape of open_clip's plain VisionTransformer. Raises TypeError, naming the part, for any other tower."""
    from open_clip.transformer import LayerNorm, QuickGELU, ResidualAttentionBlock, VisionTransformer

    def refuse(part: str) -> None:
        raise TypeError(f"no tangent rule for {part}; use lib.linearize.linearize, which takes any module")

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


class _TangentTower(torch.autograd.Function):
    @staticmethod
    def forward(ctx, shape, theta_0, x, *tau):
        wanted = any(ctx.needs_input_grad[3:])
        ctx.leaves = [value.detach().requires_grad_(wanted) for value in theta_0.values()]
        tau = dict(zip(theta_0, (value.detach() for value in tau), strict=True))
        with torch.set_grad_enabled(wanted):
            value, (tangent,) = value_and_tangents(shape, dict(zip(theta_0, ctx.leaves, strict=True)), [tau], x)
        ctx.value = value
        return value.detach() + tangent

    @staticmethod
    def backward(ctx, cotangent):
        gradients = torch.autograd.grad(ctx.value, ctx.leaves, cotangent.to(ctx.value.dtype))
        del ctx.value, ctx.leaves
        return None, None, None, *gradients


def _under(prefix: str, theta_0: Parameters, taus: Sequence[Parameters]) -> tuple[Parameters, list[Parameters]]:
    def part(tensors: Parameters) -> dict[str, Tensor]:
        return {name.removeprefix(prefix): value for name, value in tensors.items() if name.startswith(prefix)}

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
    return _layer_norm(shape.epsilon, *_under("ln_pre.", theta, taus), tokens(theta), tangents)


def _patches(x: Tensor, height: int, width: int) -> Tensor:
    n, channels, rows, columns = x.shape
    grid = x.reshape(n, channels, rows // height, height, columns // width, width)
    return grid.permute(0, 2, 4, 1, 3, 5).reshape(n, (rows // height) * (columns // width), -1)


def _block(
    shape: TowerShape, theta: Parameters, taus: list[Parameters], x: Tensor, dx: Tangents, *, outputs: int
) -> tuple[Tensor, Tangents]:
    y, dy = _layer_norm(shape.epsilon, *_under("ln_1.", theta, taus), x, dx)
    y, dy = _attention(*_under("attn.", theta, taus), y, dy, heads=shape.heads, outputs=outputs)
    x, dx = _residual(x[:, :outputs], [d[:, :outputs] for d in dx], y, dy)
    y, dy = _layer_norm(shape.epsilon, *_under("ln_2.", theta, taus), x, dx)
    y, dy = _affine("mlp.c_fc.weight", "mlp.c_fc.bias", theta, taus, y, dy)
    y, dy = _activation(shape.activation, y, dy)
    y, dy = _affine("mlp.c_proj.weight", "mlp.c_proj.bias", theta, taus, y, dy)
    return _residual(x, dx, y, dy)


def _residual(x: Tensor, dx: Tangents, y: Tensor, dy: Tangents) -> tuple[Tensor, Tangents]:
    with torch.no_grad():  # in place: nobody reads dx again, and it keeps the residual's precision
        tangents = [d.add_(e) for d, e in zip(dx, dy, strict=True)]
    return x + y, tangents


def _affine(
    weight: str, bias: str, theta: Parameters, taus: list[Parameters], x: Tensor, dx: Tangents
) -> tuple[Tensor, Tangents]:
    d_weights, d_biases = [tau[weight] for tau in taus], [tau[bias] for tau in taus]
    return _linear(x, dx, theta[weight], d_weights, theta[bias], d_biases)


def _linear(x, dx, weight, d_weights, bias=None, d_biases=None) -> tuple[Tensor, Tangents]:
    """d(W x + b) = W dx + dW x + db."""
    flat = x.detach().flatten(0, -2)
    with torch.no_grad():
        tangents = []
        for i, d in enumerate(dx):
            tangent = F.linear(d.flatten(0, -2), weight, None if d_biases is None else d_biases[i])
            tangent.addmm_(flat.to(tangent.dtype), d_weights[i].mT.to(tangent.dtype))
            tangents.append(tangent.unflatten(0, d.shape[:-1]))
    return F.linear(x, weight, bias), tangents


def _layer_norm(epsilon: float, theta, taus, x: Tensor, dx: Tangents) -> tuple[Tensor, Tangents]:
    """With u = (x - mean) / sd: d(w u + b) = w du + dw u + db.

    The Jacobian of u in x is symmetric, so du is what the fused backward kernel makes of dx.
    """
    shape = x.shape[-1:]
    y, mean, inverse_sd = torch.native_layer_norm(x, shape, theta["weight"], theta["bias"], epsilon)
    with torch.no_grad():
        u = (x - mean) * inverse_sd if dx else None
        tangents = []
        for tau, d in zip(taus, dx, strict=True):
            du, _, _ = torch.ops.aten.native_layer_norm_backward(
                d, x, shape, mean, inverse_sd, None, None, [True, False, False]
            )
            tangents.append(torch.addcmul(tau["bias"], u, tau["weight"]).addcmul_(du, theta["weight"]))
    return y, tangents


def _activation(activation: str, x: Tensor, dx: Tangents) -> tuple[Tensor, Tangents]:
    """GELU, or QuickGELU, x sigmoid(1.702 x) = silu(1.702 x) / 1.702; tangents by the fused backward kernels."""
    if activation == "gelu":
        with torch.no_grad():
            tangents = [torch.ops.aten.gelu_backward(d, x) for d in dx]
        return F.gelu(x), tangents
    scaled = 1.702 * x
    with torch.no_grad():
        tangents = [torch.ops.aten.silu_backward(d, scaled) for d in dx]
    return F.silu(scaled) / 1.702, tangents


def _attention(theta, taus, x: Tensor, dx: Tangents, *, heads: int, outputs: int) -> tuple[Tensor, Tangents]:
    """With P = softmax(A), A = q k^T / sqrt(d): d(P v) = dP v + P dv, for the first `outputs` tokens.

    The softmax's Jacobian is symmetric too: dP is its fused backward kernel applied to dA.
    """
    (q, k, v), tangents = _queries_keys_values(theta, taus, x, dx, heads=heads, outputs=outputs)
    out = F.scaled_dot_product_attention(q, k, v)
    d_out = []
    if tangents:
        with torch.no_grad():
            scale = q.shape[-1] ** -0.5
            p = torch.softmax((q * scale) @ k.mT, dim=-1)
            for dq, dk, dv in tangents:
                d_logits = (dq @ k.mT).add_(q @ dk.mT).mul_(scale)
                dp = torch.ops.aten._softmax_backward_data(d_logits, p, -1, p.dtype)
                d_out.append(_merge_heads((dp @ v).add_(p @ dv)))
    return _affine("out_proj.weight", "out_proj.bias", theta, taus, _merge_heads(out), d_out)


def _queries_keys_values(theta, taus, x: Tensor, dx: Tangents, *, heads: int, outputs: int):
    """(q, k, v), [(dq, dk, dv), ...]; q of the first `outputs` tokens, k and v of all, each [n, heads, tokens, d]."""
    if outputs == x.shape[1]:
        qkv, d_qkv = _projection(slice(None), theta, taus, x, dx)
        return _split_heads(qkv, 3, heads), [_split_heads(d, 3, heads) for d in d_qkv]
    width = x.shape[-1]
    q, d_q = _projection(slice(width), theta, taus, x[:, :outputs], [d[:, :outputs] for d in dx])
    kv, d_kv = _projection(slice(width, None), theta, taus, x, dx)
    tangents = [_split_heads(a, 1, heads) + _split_heads(b, 2, heads) for a, b in zip(d_q, d_kv, strict=True)]
    return _split_heads(q, 1, heads) + _split_heads(kv, 2, heads), tangents


def _projection(rows: slice, theta: Parameters, taus: list[Parameters], x: Tensor, dx: Tangents):
    return _linear(
        x,
        dx,
        theta["in_proj_weight"][rows],
        [tau["in_proj_weight"][rows] for tau in taus],
        theta["in_proj_bias"][rows],
        [tau["in_proj_bias"][rows] for tau in taus],
    )


def _split_heads(stacked: Tensor, parts: int, heads: int) -> tuple[Tensor, ...]:
    n, tokens, _ = stacked.shape
    return stacked.reshape(n, tokens, parts, heads, -1).permute(2, 0, 3, 1, 4).unbind(0)


def _merge_heads(x: Tensor) -> Tensor:
    return x.transpose(1, 2).flatten(-2)
