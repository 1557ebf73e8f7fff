"""Cross-entropy, and the mean length of what tau adds to the embeddings of another task's images.

    lambda mean_x' |J(x') tau|_2,   x' from one other task, which changes with the step    (Yoshida et al. 2025, tau-Jp)

J is that of the embedding before normalisation, at theta_0; the mode has to be a tangent one. Labels are not used.

ASSUME: images of the other tasks are cropped as in training, drawn without replacement within a step, and by a seed of
the settings: all runs see the same ones. The released code cycles over the tasks' loaders.
ASSUME: lambda is the default of the released code, 0.1; how it was chosen is not known.
DEVIATES: `control: false`: the released code takes the control task's training images, too, as an eighth task. This
workflow prepares none of them.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from math import isqrt
from pathlib import Path

import numpy as np
import torch
from torch import Tensor

from lib.data import augment, prepared
from lib.data.prepared import PreparedSplit
from lib.data.training_batches import HostBatch
from lib.training.objectives.cross_entropy import objective
from lib.training.objectives.interface import Context, Parameters, Penalty

__all__ = ["OtherImages", "mean_length", "objective", "penalty"]

_STREAM = 2  # of a seed's random numbers; the streams 0 and 1 give training batches their order and their crops


def penalty(context: Context) -> Penalty:
    """settings: strength, lambda; images, of a step; seed, of their draws; control, which has to be false.

    Reads `fit` of the other tasks. Raises ValueError for `control: true` and without another task.
    """
    settings, images = context.settings, _opened(context)
    device = next(iter(context.theta_0.values())).device

    def value(tau: Parameters, step: int) -> Tensor:
        return settings["strength"] * mean_length(context.tangent(tau, images.batch(step, device)))

    return value


def mean_length(tangent: Tensor) -> Tensor:
    """mean_x |J(x) tau|_2, a scalar, of J tau as Float[Tensor, "b d"]; its slope at tau = 0 is zero."""
    return torch.linalg.vector_norm(tangent, dim=-1).mean()


def _opened(context: Context) -> OtherImages:
    if context.settings["control"]:
        raise ValueError(
            "control: true asks for the control task's training images, and the rule `prepare_control` stores none: "
            "set control: false in the mode's settings"
        )
    files = context.others.get("fit", {})
    if not files:
        raise ValueError(
            "tau-Jp reads the images of other tasks, and the run has none: add a task, or leave out this mode"
        )
    settings = context.settings
    return OtherImages.of(files, count=settings["images"], seed=settings["seed"], side=image_side(context.theta_0))


@dataclass(frozen=True)
class OtherImages:
    """`count` images of one of the other tasks at each step, a function of (seed, step) alone.

    side: of the square that images are cropped and resized to, as in training; None for texts, which are taken whole.
    """

    splits: tuple[PreparedSplit, ...]
    count: int
    seed: int
    side: int | None

    @classmethod
    def of(cls, files: Mapping[str, Path], *, count: int, seed: int, side: int | None) -> OtherImages:
        """files: other task -> its images of fit; tasks take turns in this order."""
        splits = (prepared.read(path.parent, "fit") for path in files.values())
        return cls(tuple(splits), count, seed, side)

    def rows(self, step: int) -> tuple[int, np.ndarray, np.ndarray]:
        """(which task, Int64[b] rows of its split, Int64[b, 4] crop boxes) of a step; b is the split's size at most."""
        task = step % len(self.splits)
        split, generator = self.splits[task], np.random.default_rng([self.seed, _STREAM, step])
        rows = generator.choice(len(split), min(self.count, len(split)), replace=False)
        sizes = np.stack([split.height[rows], split.width[rows]], axis=1)
        return task, rows, augment.random_boxes(sizes, generator)

    def batch(self, step: int, device: torch.device | str) -> Tensor:
        """UInt8[Tensor, "b side side 3"] of a step, on the device."""
        task, rows, boxes = self.rows(step)
        split = self.splits[task]
        if self.side is None:
            return torch.from_numpy(split.images(rows)).to(device)
        return HostBatch.of(split, rows, boxes, pin=False).cropped(device, self.side)[0]


def image_side(theta_0: Mapping[str, Tensor]) -> int | None:
    """The side of the images that a vision transformer takes, from its patches and positions; None for other models.

    Raises ValueError for an image tower of another kind.
    """
    if "conv1.weight" not in theta_0:
        return None
    if "positional_embedding" not in theta_0:
        raise ValueError(
            "tau-Jp crops images for vision transformers alone, and this tower has no positional_embedding"
        )
    return theta_0["conv1.weight"].shape[-1] * isqrt(len(theta_0["positional_embedding"]) - 1)
