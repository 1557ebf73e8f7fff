"""Small functions of parameters of each kind, and their Jacobians written out: the oracles of kernels."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import torch
from torch import Tensor, nn

from lib.models.linearize import differentiable_attention


class TextTransformer(nn.Module):
    """Token and position embeddings, one of torch's encoder layers, the mean over tokens, a linear layer."""

    def __init__(self):
        super().__init__()
        self.tokens = nn.Embedding(11, 8, padding_idx=3)
        self.positions = nn.Embedding(4, 8)
        layer = nn.TransformerEncoderLayer(8, 2, 12, dropout=0.0, batch_first=True)
        self.encoder = nn.TransformerEncoder(layer, 1)
        self.head = nn.Linear(8, 2)

    def forward(self, tokens):
        places = torch.arange(tokens.shape[1], device=tokens.device)
        return self.head(self.encoder(self.tokens(tokens) + self.positions(places)).mean(1))


@dataclass
class Case:
    """f(theta, x), theta_0 and points x, in float64."""

    f: Callable
    theta: dict[str, Tensor]
    x: Tensor

    def jacobians(self, names=None) -> Tensor:
        """Float64[n, d, p], every parameter's columns side by side; a padding token's row has no gradient."""
        with differentiable_attention():
            found = torch.func.jacrev(lambda theta: self.f(theta, self.x))(self.theta)
        if "tokens.weight" in found:
            found["tokens.weight"][:, :, 3] = 0
        return torch.cat([found[name].flatten(2) for name in names or found], dim=2)


def of_module(module: nn.Module, x: Tensor) -> Case:
    module = module.double().eval()
    theta = {name: value.detach() for name, value in module.named_parameters()}
    return Case(lambda theta, x: torch.func.functional_call(module, dict(theta), (x,)), theta, x)


def case(kind: str, tower: nn.Module | None = None) -> Case:
    """One of KINDS, with five points. tower: an image tower of open_clip, for the last two."""
    generator = torch.Generator().manual_seed(0)
    torch.manual_seed(0)
    if kind == "mlp":
        x = torch.randn(5, 5, generator=generator, dtype=torch.float64)
        return of_module(nn.Sequential(nn.Linear(5, 7), nn.ReLU(), nn.Linear(7, 3)), x)
    if kind == "convolution":
        x = torch.randn(5, 2, 5, 5, generator=generator, dtype=torch.float64)
        return of_module(nn.Sequential(nn.Conv2d(2, 3, 3), nn.GELU(), nn.Flatten(), nn.Linear(27, 2)), x)
    if kind == "text":
        return of_module(TextTransformer(), torch.randint(0, 11, (5, 4), generator=generator))
    x = torch.randn(5, 3, 8, 8, generator=generator, dtype=torch.float64)
    found = of_module(tower, x)
    if kind == "vit":
        from lib.models.vit import shape_of, vit

        shape = shape_of(tower)
        found.f = lambda theta, x: vit(shape, theta, x)
    return found


KINDS = ("mlp", "convolution", "text", "vit", "open_clip's tower")
