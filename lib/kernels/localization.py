"""Where a kernel's eigenfunctions live (Ortiz-Jimenez et al. 2023, Sec. 5.2 and Figs. 6, 14, 15).

The kernel between a task's points x_i in D_t and the points x_j of D_t and of a control task D_t' is decomposed as
K = U S V^T; V's columns are the eigenfunctions phi_rho on all points, and

    E_loc(x_j) = sum over the kept rho of phi_rho(x_j)^2

is the local energy of a point. Eigenfunctions that live on their own task have all their energy there.

ASSUME: the paper keeps every rho, and then E_loc is the leverage score of a column of K. Here the leading singular
values are kept whose squares are a stated share of the sum of all squares, and the shares are compared.
"""

from __future__ import annotations

from dataclasses import dataclass

import torch
from torch import Tensor

CUT_OFFS = (0.9, 0.99, 0.999)


@dataclass(frozen=True)
class LocalEnergy:
    """energy: Float64[Tensor, "... points"], each in [0, 1], with the sum `rank`. rank: Int64[Tensor, "..."].

    values: Float64[Tensor, "... n"], all singular values, falling.
    """

    energy: Tensor
    rank: Tensor
    values: Tensor

    def share(self, own: Tensor) -> Tensor:
        """Float64[Tensor, "..."], in [0, 1]: the share of the energy on the task's own points, Bool[Tensor, "points"].

        Without localization it is their share of all points.
        """
        return self.energy[..., own].sum(-1) / self.rank


def local_energy(kernel: Tensor, cut_off: float) -> LocalEnergy:
    """E_loc of kernels Float[Tensor, "... n points"], rows the task's points; one for each output, for example.

    cut_off: the share of the squared singular values that is kept, in (0, 1]; 1 keeps all that rounding leaves. Values
    that tie with the last one kept are kept, as any basis of theirs is as good. Raises ValueError for another cut-off,
    for kernels that are not finite, and for one that is zero.
    """
    if not 0 < cut_off <= 1:
        raise ValueError(f"cut_off {cut_off} is no share of energy, expected more than 0 and at most 1")
    kernel = kernel.double()
    if not kernel.isfinite().all() or not (kernel != 0).flatten(-2).any(-1).all():
        raise ValueError("a kernel is zero or not finite: are the gradients, and the outputs they belong to?")
    _, values, eigenfunctions = torch.linalg.svd(kernel, full_matrices=False)
    kept = kept_by_energy(values, cut_off, size=max(kernel.shape[-2:]))
    energy = (eigenfunctions**2 * kept[..., None]).sum(-2)
    return LocalEnergy(energy, kept.sum(-1), values)


def kept_by_energy(values: Tensor, cut_off: float, *, size: int) -> Tensor:
    """Bool[Tensor, "... n"]: the fewest leading singular values with that share of the squares, and their ties.

    values: in falling order. size: the longer side of their matrix; values below size * epsilon of the largest are
    rounding's.
    """
    rounding = size * torch.finfo(values.dtype).eps * values[..., :1]
    if cut_off == 1:
        return values > rounding
    cumulated = (values**2).cumsum(-1)
    last = (cumulated < cut_off * cumulated[..., -1:]).sum(-1, keepdim=True)
    return (values >= values.gather(-1, last) - rounding) & (values > rounding)
