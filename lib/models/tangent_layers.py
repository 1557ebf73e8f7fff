"""The layers of a plain ViT with tangents: each takes (x, [dx_1, ..., dx_m]) and gives (y, [dy_1, ..., dy_m]).

The primal x carries autograd's tape if a gradient is wanted; tangents never do. theta: the layer's parameters; taus:
a mapping of the same names for each of the m tangents. Where a layer's Jacobian is symmetric or diagonal, its tangent
is what the fused backward kernel makes of dx.
"""

from __future__ import annotations

from collections.abc import Mapping

import torch
import torch.nn.functional as F
from torch import Tensor

from lib.models.vit import merge_heads, split_heads

Parameters = Mapping[str, Tensor]
Tangents = list[Tensor]


def residual(x: Tensor, dx: Tangents, y: Tensor, dy: Tangents) -> tuple[Tensor, Tangents]:
    """x + y and dx + dy."""
    with torch.no_grad():  # in place: nobody reads dx again, and it keeps the residual's precision
        tangents = [d.add_(e) for d, e in zip(dx, dy, strict=True)]
    return x + y, tangents


def affine(
    weight: str, bias: str, theta: Parameters, taus: list[Parameters], x: Tensor, dx: Tangents
) -> tuple[Tensor, Tangents]:
    """`linear` with the parameters of those two names."""
    d_weights, d_biases = [tau[weight] for tau in taus], [tau[bias] for tau in taus]
    return linear(x, dx, theta[weight], d_weights, theta[bias], d_biases)


def linear(x, dx, weight, d_weights, bias=None, d_biases=None) -> tuple[Tensor, Tangents]:
    """d(W x + b) = W dx + dW x + db."""
    flat = x.detach().flatten(0, -2)
    with torch.no_grad():
        tangents = []
        for i, d in enumerate(dx):
            tangent = F.linear(d.flatten(0, -2), weight, None if d_biases is None else d_biases[i])
            tangent.addmm_(flat.to(tangent.dtype), d_weights[i].mT.to(tangent.dtype))
            tangents.append(tangent.unflatten(0, d.shape[:-1]))
    return F.linear(x, weight, bias), tangents


def layer_norm(epsilon: float, theta, taus, x: Tensor, dx: Tangents) -> tuple[Tensor, Tangents]:
    """With u = (x - mean) / sd: d(w u + b) = w du + dw u + db.

    The Jacobian of u in x is symmetric, so du is what the fused backward kernel makes of dx. Whatever the precision of
    products, these are computed in that of the parameters.
    """
    shape, x = x.shape[-1:], x.to(theta["weight"].dtype)
    y, mean, inverse_sd = torch.native_layer_norm(x, shape, theta["weight"], theta["bias"], epsilon)
    with torch.no_grad():
        u = (x - mean) * inverse_sd if dx else None
        tangents = []
        for tau, d in zip(taus, dx, strict=True):
            du, _, _ = torch.ops.aten.native_layer_norm_backward(
                d.to(x.dtype), x, shape, mean, inverse_sd, None, None, [True, False, False]
            )
            tangents.append(torch.addcmul(tau["bias"], u, tau["weight"]).addcmul_(du, theta["weight"]))
    return y, tangents


def activation(activation: str, x: Tensor, dx: Tangents) -> tuple[Tensor, Tangents]:
    """GELU, or QuickGELU, x sigmoid(1.702 x) = silu(1.702 x) / 1.702; tangents by the fused backward kernels."""
    if activation == "gelu":
        with torch.no_grad():
            tangents = [torch.ops.aten.gelu_backward(d, x) for d in dx]
        return F.gelu(x), tangents
    scaled = 1.702 * x
    with torch.no_grad():
        tangents = [torch.ops.aten.silu_backward(d, scaled) for d in dx]
    return F.silu(scaled) / 1.702, tangents


def attention(theta, taus, x: Tensor, dx: Tangents, *, heads: int, outputs: int) -> tuple[Tensor, Tangents]:
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
                dp = torch.ops.aten._softmax_backward_data(d_logits.to(p.dtype), p, -1, p.dtype)
                d_out.append(merge_heads((dp @ v).add_(p @ dv)))
    return affine("out_proj.weight", "out_proj.bias", theta, taus, merge_heads(out), d_out)


def _queries_keys_values(theta, taus, x: Tensor, dx: Tangents, *, heads: int, outputs: int):
    """(q, k, v), [(dq, dk, dv), ...]; q of the first `outputs` tokens, k and v of all, each [n, heads, tokens, d]."""
    if outputs == x.shape[1]:
        qkv, d_qkv = _projection(slice(None), theta, taus, x, dx)
        return split_heads(qkv, 3, heads), [split_heads(d, 3, heads) for d in d_qkv]
    width = x.shape[-1]
    q, d_q = _projection(slice(width), theta, taus, x[:, :outputs], [d[:, :outputs] for d in dx])
    kv, d_kv = _projection(slice(width, None), theta, taus, x, dx)
    tangents = [split_heads(a, 1, heads) + split_heads(b, 2, heads) for a, b in zip(d_q, d_kv, strict=True)]
    return split_heads(q, 1, heads) + split_heads(kv, 2, heads), tangents


def _projection(rows: slice, theta: Parameters, taus: list[Parameters], x: Tensor, dx: Tangents):
    return linear(
        x,
        dx,
        theta["in_proj_weight"][rows],
        [tau["in_proj_weight"][rows] for tau in taus],
        theta["in_proj_bias"][rows],
        [tau["in_proj_bias"][rows] for tau in taus],
    )
