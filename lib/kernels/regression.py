"""Kernel regression as a model of fine-tuning (Malladi et al. 2023, Sec. 6; Jacot et al. 2018, Sec. 5).

    (K + lambda |K|_op I) beta = y - f_0,    prediction(x) = f_0(x) + K(X, x)^T beta

for each output on its own, with a kernel of its own or one for all. Without adjustment for the initial function, f_0
is zero. Jacot's closed form of training to convergence, f*(x) = f_0(x) + K(x, X) K(X, X)^-1 (y - f_0), is lambda = 0.

Solvers: Cholesky where K is symmetric, else LU; where the condition number says that no digit of such a solution would
be right, least squares of smallest norm by SVD (LAPACK's gelsd).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import torch
from torch import Tensor

LARGEST_CONDITION = 1e-3 / torch.finfo(torch.float64).eps  # beyond, a direct solution has fewer than three digits


@dataclass(frozen=True)
class Regression:
    """beta: Float64[Tensor, "n d"]. solvers: "cholesky", "lu" or "lstsq", for each output.

    condition: Float64[Tensor, "d"], of the regularized kernels; inf for one that is singular.
    """

    beta: Tensor
    solvers: tuple[str, ...]
    condition: Tensor

    def predict(self, kernel: Tensor, f_0: Tensor | None = None) -> Tensor:
        """Float64[Tensor, "m d"], f_0(x) + K(X, x)^T beta.

        kernel: K(X, x), Float[Tensor, "d n m"] or "n m". f_0: Float[Tensor, "m d"], given exactly if `fit` was.
        """
        found = torch.einsum("dnm,nd->md", _for_each(kernel, self.beta.shape[1]), self.beta)
        return found if f_0 is None else found + f_0.double().cpu()


def fit(kernel: Tensor, y: Tensor, *, regularization: float, f_0: Tensor | None = None) -> Regression:
    """Solve for beta.

    kernel: K(X, X), Float[Tensor, "d n n"], one for each output, or "n n" for all; it need not be symmetric. y: the
    targets, Float[Tensor, "n d"] (`one_hot`). regularization: lambda >= 0, in units of the operator norm. f_0: the
    initial function at X, Float[Tensor, "n d"]; None not to adjust for it. Raises ValueError for shapes that do not
    fit, a negative lambda, and values that are not finite.
    """
    kernels = _for_each(kernel, y.shape[1])
    residual = (y.double() - (0 if f_0 is None else f_0.double())).cpu()
    _require_fit(kernels, residual, regularization)
    found = [_solve(k, r, regularization) for k, r in zip(kernels, residual.mT, strict=True)]
    betas, solvers, conditions = zip(*found, strict=True)
    return Regression(torch.stack(betas, dim=1), solvers, torch.stack(conditions))


def converged(
    kernel: Tensor, kernel_other: Tensor, y: Tensor, *, f_0: Tensor | None = None, f_0_other: Tensor | None = None
) -> Tensor:
    """Float64[Tensor, "m d"]: Jacot's f*(x) = f_0(x) + K(x, X) K(X, X)^-1 (y - f_0), the limit of training on squares.

    kernel: K(X, X), and kernel_other: K(X, x), of the same kind. One for all outputs: "n n" and "n m"; one for each:
    "d n n" and "d n m"; all pairs of outputs, which is what a network trains with: "d d n n" and "d d n m". The rest as
    in `fit`.
    """
    if kernel.ndim < 4:
        return fit(kernel, y, regularization=0.0, f_0=f_0).predict(kernel_other, f_0_other)
    residual = y.double() - (0 if f_0 is None else f_0.double())
    square, beside = (k.transpose(1, 2).flatten(2).flatten(0, 1) for k in (kernel, kernel_other))
    found = fit(square, residual.mT.reshape(-1, 1), regularization=0.0).predict(beside)
    found = found.view(kernel.shape[0], -1).mT
    return found if f_0_other is None else found + f_0_other.double().cpu()


@dataclass(frozen=True)
class Choice:
    """Hyperparameters and the validation accuracy (a fraction) they were chosen by. f_0_scale: 0 is not to adjust."""

    regularization: float
    f_0_scale: float
    accuracy: float


def choose(
    kernel: Tensor,
    y: Tensor,
    kernel_val: Tensor,
    labels_val: Tensor,
    *,
    regularizations: Sequence[float],
    f_0: Tensor | None = None,
    f_0_val: Tensor | None = None,
    f_0_scales: Sequence[float] = (0.0, 1.0),
) -> tuple[Choice, list[Choice]]:
    """(the best on validation, all in the order tried); ties keep the first.

    kernel_val: K(X, x) of the validation points, whose labels are labels_val, Int[Tensor, "m"]. f_0_scales: what the
    initial function is multiplied by before `fit` adjusts for it; without f_0, it is not. Raises ValueError as `fit`,
    and for an empty grid.
    """
    tried = []
    for scale in f_0_scales if f_0 is not None else (0.0,):
        at_train, at_val = (None if f is None or scale == 0 else scale * f.double() for f in (f_0, f_0_val))
        for regularization in regularizations:
            found = fit(kernel, y, regularization=regularization, f_0=at_train).predict(kernel_val, at_val)
            tried.append(Choice(regularization, scale, accuracy(found, labels_val)))
    if not tried:
        raise ValueError("nothing to choose from: give one regularization and one scale of f_0 at least")
    return max(tried, key=lambda choice: choice.accuracy), tried


def one_hot(labels: Tensor, classes: int) -> Tensor:
    """Float64[Tensor, "n C"], 1 at the label and 0 elsewhere. As in the released code."""
    return torch.nn.functional.one_hot(labels.long(), classes).double()


def accuracy(predictions: Tensor, labels: Tensor) -> float:
    """The share of points, Float[Tensor, "m C"], whose largest output is the label's, Int[Tensor, "m"]."""
    return (predictions.argmax(1).cpu() == labels.cpu()).double().mean().item()


def _for_each(kernel: Tensor, d: int) -> Tensor:
    """Float64[Tensor, "d n m"] in the processor's memory."""
    kernel = kernel.double().cpu()
    return kernel.expand(d, -1, -1) if kernel.ndim == 2 else kernel


def _solve(kernel: Tensor, residual: Tensor, regularization: float) -> tuple[Tensor, str, Tensor]:
    """(beta, solver, condition number) of one output."""
    symmetric = torch.allclose(kernel, kernel.mT, rtol=1e-10, atol=1e-12 * kernel.abs().max().item())
    norm = torch.linalg.matrix_norm(kernel, ord=2)
    matrix = kernel + regularization * norm * torch.eye(len(kernel), dtype=kernel.dtype)
    values = torch.linalg.eigvalsh(matrix).clamp(min=0) if symmetric else torch.linalg.svdvals(matrix)
    condition = values.max() / values.min() if values.min() > 0 else torch.tensor(torch.inf, dtype=kernel.dtype)
    if condition > LARGEST_CONDITION:
        return torch.linalg.lstsq(matrix, residual[:, None], driver="gelsd").solution[:, 0], "lstsq", condition
    if symmetric:
        factor = torch.linalg.cholesky(matrix)
        return torch.cholesky_solve(residual[:, None], factor)[:, 0], "cholesky", condition
    return torch.linalg.solve(matrix, residual), "lu", condition


def _require_fit(kernels: Tensor, residual: Tensor, regularization: float) -> None:
    n, d = residual.shape
    if kernels.shape != (d, n, n):
        raise ValueError(
            f"kernel has shape {tuple(kernels.shape)}, expected {(d, n, n)} for targets of shape {(n, d)}; one of all "
            "pairs of outputs is for `converged`"
        )
    if not regularization >= 0:
        raise ValueError(f"regularization {regularization}: expected 0 or more, in units of the kernel's operator norm")
    if not kernels.isfinite().all() or not residual.isfinite().all():
        raise ValueError("a kernel, target or initial value is not finite: is the model, at these points?")
