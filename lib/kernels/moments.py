"""Second moments at a fine-tuned model: Gram matrices of the inputs of every weight matrix, and the diagonal Fisher.

What RegMean (Jin et al. 2023) and Fisher merging (Matena and Raffel 2022) read of a task: some of its training images.

ASSUME: of a tangent model, the inputs of a changed weight are the activations at theta_0, since f_lin is the sum of
what each change does there; its gradients are those at theta_0 too, of the loss at f_lin.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterable

import torch
import torch.nn.functional as F
from torch import Tensor

from lib.kernels.factored_uses import Product
from lib.kernels.recorded import record
from lib.models.heads import logits
from lib.models.linearize import Function, Parameters, differentiable_attention

_HELD = 2**27  # numbers of the gradients of single images that are held at a time


def gram_matrices(f: Function, theta: Parameters, batches: Iterable[Tensor]) -> dict[str, Tensor]:
    """X^T X / n of the inputs X of every matrix product with a parameter, summed over an image's tokens; n images.

    By "{parameter}@{first row}", the parameter seen as rows of inputs: a fused matrix whose rows meet different inputs
    has several. By "{parameter}@columns" where its columns are, as in x @ proj. f: without chance, each output a
    function of its own x; batches: Float[b, ...]. Summed in float64. Raises ValueError for no image.
    """
    total: dict[str, Tensor] = {}
    images = 0
    for x in batches:
        images += len(x)
        for name, gram in _grams_of(f, theta, x).items():
            total[name] = total[name] + gram if name in total else gram
    if not images:
        raise ValueError("no image: there are no inputs to take moments of, expected one at least")
    return {name: value / images for name, value in total.items()}


def _grams_of(f: Function, theta: Parameters, x: Tensor) -> dict[str, Tensor]:
    """The sums over a batch."""
    found: dict[str, Tensor] = defaultdict(lambda: torch.zeros((), dtype=torch.float64))
    for name, groups in record(f, theta, x, theta).products.items():
        for use in (use for group in groups for use in group):
            inputs = use.activations.flatten(0, -2).double()
            key = f"{name}@{_place(use, inputs.shape[1])}"
            found[key] = found[key] + (inputs.T @ inputs).cpu()
    return dict(found)


def _place(use: Product, inputs: int) -> int | str:
    """The first row of the block that is used, of the parameter as rows of inputs; "columns" if those hold inputs.

    Of the weight's two dimensions, that of the inputs has the smaller stride in rows, the greater in columns.
    """
    return "columns" if use.reordered != use.weight_first else use.place[0] // inputs


def fisher(
    f: Function,
    theta: Parameters,
    batches: Iterable[Tensor],
    head: Tensor,
    *,
    embed: Callable[[Tensor], Tensor] | None = None,
    seed: int | None = 0,
) -> dict[str, Tensor]:
    """The diagonal of the Fisher information, mean_i E_y (d log p(y | x_i) / d theta)^2, p the softmax of the logits.

    One label is drawn for each image from the model's own p; seed None takes the expectation over all classes. Every
    image has a gradient of its own: the square of a batch's summed gradient would be another number. embed: x ->
    embeddings that p comes from, where they are not f(theta, x): of a tangent model f_lin's, whose gradient is J^T g at
    theta. Batches are summed in float64. Raises ValueError for no image.
    """
    generator = None if seed is None else torch.Generator().manual_seed(seed)
    total = {name: torch.zeros_like(value, dtype=torch.float64) for name, value in theta.items()}
    images, step = 0, max(1, _HELD // sum(value.numel() for value in theta.values()))
    for batch in batches:
        images += len(batch)
        for x in batch.split(step):
            for cotangents, weights in _cotangents(embed(x) if embed else f(theta, x), head, generator):
                for name, gradients in _gradients(f, theta, x, cotangents).items():
                    squares = gradients.square().flatten(1)
                    total[name] += (weights.to(squares) @ squares).reshape(total[name].shape)
    if not images:
        raise ValueError("no image: there are no gradients to take moments of, expected one at least")
    return {name: value / images for name, value in total.items()}


def _cotangents(embeddings: Tensor, head: Tensor, generator: torch.Generator | None) -> Iterable[tuple[Tensor, Tensor]]:
    """(d log p(y) / d embedding, Float[n, d], the weight of each, Float[n]), for the drawn labels or for each class."""
    with torch.enable_grad():
        leaf = embeddings.detach().requires_grad_()
        scores = logits(leaf, head)
        log_p = F.log_softmax(scores, dim=-1)
        p = log_p.detach().exp()
        if generator is not None:
            labels = torch.multinomial(p.double().cpu(), 1, generator=generator).to(p.device)
            chosen = [(log_p.gather(1, labels).sum(), torch.ones_like(p[:, 0]))]
        else:
            chosen = [(log_p[:, c].sum(), p[:, c]) for c in range(p.shape[1])]
        return [(torch.autograd.grad(value, leaf, retain_graph=True)[0], weights) for value, weights in chosen]


def _gradients(f: Function, theta: Parameters, x: Tensor, cotangents: Tensor) -> dict[str, Tensor]:
    """The gradient of <cotangent, f(x_i; theta)> of every image, Float[n, ...] by parameter."""

    def of_an_image(one: Tensor, cotangent: Tensor) -> dict[str, Tensor]:
        return torch.func.grad(lambda parameters: (f(parameters, one[None])[0] * cotangent).sum())(dict(theta))

    with differentiable_attention():
        return torch.func.vmap(of_an_image)(x, cotangents)
