"""RegMean (Jin et al. 2023): for each weight matrix, the one whose outputs are closest to those of all tasks' own."""

from __future__ import annotations

from collections.abc import Mapping

import torch
from torch import Tensor

from lib.editing.merging.interface import Statistics
from lib.editing.task_vector import TaskVector
from lib.files import checkpoints

COLUMNS = "columns"  # where the inputs lie along a parameter's first dimension


def merge(taus: Mapping[str, TaskVector], statistics: Statistics, settings: Mapping[str, object]) -> TaskVector:
    """(sum_t tau_t G_t) (sum_t G_t)^+ for rows that meet inputs with Gram matrices G_t, whose elements off the diagonal
    are multiplied by rho; the mean for all other parameters.

    It minimises sum_t |X_t (W - W_t)^T|_F^2 if rho is 1, and W_0 drops out. statistics["gram"]: of each task
    `lib.kernels.moments.gram_matrices`, in a file; settings: rho, in [0, 1].
    """
    merged = sum(taus.values()) / len(taus)
    grams = {task: checkpoints.load(path) for task, path in statistics["gram"].items()}
    made = {name: merged[name].clone() for name in merged}
    for name, places in _places(next(iter(grams.values()))).items():
        for place, stop in zip(places, [*places[1:], None], strict=True):
            pairs = [
                (_block(tau[name], place, stop), _shrunk(grams[task][f"{name}@{place}"], settings["rho"]))
                for task, tau in taus.items()
            ]
            _block(made[name], place, stop).copy_(solved(pairs))
    return TaskVector(made)


def solved(pairs: list[tuple[Tensor, Tensor]]) -> Tensor:
    """(sum_t W_t G_t) (sum_t G_t)^+ in float64, of pairs (W_t Float[o, i], G_t Float[i, i])."""
    left = sum(weight.double() @ gram.to(weight.device).double() for weight, gram in pairs)
    total = sum(gram.to(left) for _, gram in pairs)
    return left @ torch.linalg.pinv(total, hermitian=True)


def _places(grams: Mapping[str, Tensor]) -> dict[str, list[int | str]]:
    """Parameter -> the first rows of its blocks, ascending, or COLUMNS."""
    found: dict[str, list[int | str]] = {}
    for key in grams:
        name, _, place = key.rpartition("@")
        found.setdefault(name, []).append(place if place == COLUMNS else int(place))
    return {name: sorted(places) for name, places in found.items()}


def _block(value: Tensor, place: int | str, stop: int | None) -> Tensor:
    """The block's rows of inputs, as a view."""
    return value.T if place == COLUMNS else value.view(len(value), -1)[place:stop]


def _shrunk(gram: Tensor, rho: float) -> Tensor:
    return rho * gram + (1 - rho) * torch.diag(gram.diagonal())
