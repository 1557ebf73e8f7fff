"""Cross-entropy, and how far tau moves the other tasks' embeddings, by the curvature that was stored of each.

    lambda tau^T G tau,   G = (sum_t B_t) (x) (sum_t w_t A_t), t another task   (Porrello et al. 2026, TAK, Eq. 8)

Reads no image of another task: the rule `curvature` read some of them once, at theta_0. The mode has to be a tangent
one. Parameters without a part in G are to be left untrained: the kernel of the patches and the positional embedding.

`scaling: released` divides B by the number of tokens, too, as the code that was released with the paper, which then
multiplies the blocks of norms and class embedding by 10 and the projection by 0.1; `expand` has one lambda for all.

ASSUME: lambda 10 for `expand`: 500, the default of the released code, over the 50 tokens of a ViT-B/32.
DEVIATES: J is that of the normalised embedding, as in the paper; the mode linearizes the embedding before it is
normalised, as "linear" does. Weight decay acts on theta, and gradients are clipped, as in every mode.
"""

from __future__ import annotations

from dataclasses import replace
from fnmatch import fnmatchcase

from torch import Tensor

from lib.training.curvature import Curvature, load, merged
from lib.training.objectives.cross_entropy import objective
from lib.training.objectives.interface import Context, Parameters, Penalty

__all__ = ["objective", "penalty", "scaled"]

SCALINGS = ("expand", "released")


def penalty(context: Context) -> Penalty:
    """settings: strength, lambda; scaling, one of SCALINGS; weights, shell pattern of names -> a factor.

    Reads `curvature` of the other tasks, one file at a time. Raises ValueError for another scaling, and without another
    task.
    """
    settings, device = context.settings, next(iter(context.theta_0.values())).device
    files = context.others.get("curvature", {})
    total = scaled(merged(load(path, device) for path in files.values()), settings["scaling"])
    names = [*total.layers, *total.blocks]
    weights = {n: w for pattern, w in settings["weights"].items() for n in names if fnmatchcase(n, pattern)}

    def value(tau: Parameters, step: int) -> Tensor:
        return settings["strength"] * total.quadratic(tau, weights=weights)

    return value


def scaled(curvature: Curvature, scaling: str) -> Curvature:
    """The same with 1/R in A alone ("expand"), or in B as well ("released"). Raises ValueError for another word."""
    if scaling not in SCALINGS:
        raise ValueError(f"scaling {scaling!r} is unknown; choose one of {', '.join(SCALINGS)}")
    if scaling == "expand":
        return curvature
    layers = {n: replace(layer, outputs=layer.outputs / layer.tokens) for n, layer in curvature.layers.items()}
    return replace(curvature, layers=layers)
