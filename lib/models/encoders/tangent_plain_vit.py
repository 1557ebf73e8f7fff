"""The plain ViT's tangent model: value and tangents in one pass (`lib.models.tangent_vit`)."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from torch import Tensor

from lib.models.encoders.interface import Model, Parameters
from lib.models.encoders.plain_vit import PlainVit
from lib.models.tangent_vit import linearize_vit_at, tangent_of_vit, value_and_tangents


@dataclass(frozen=True, kw_only=True)
class TangentPlainVit(PlainVit):
    """A plain ViT that is trained and evaluated as f_lin(x; theta) = f(x; theta_0) + J (theta - theta_0)."""

    def value_and_tangents(
        self, theta_0: Parameters, taus: Sequence[Parameters], images: Tensor
    ) -> tuple[Tensor, list[Tensor]]:
        """See `TangentEncoder.value_and_tangents`."""
        return value_and_tangents(self.shape, theta_0, taus, self.normalised(images))

    def model_at(self, theta_0: Parameters) -> Model:
        """(theta, images) -> f_lin(x; theta)."""
        model = linearize_vit_at(self.shape, theta_0, recompute=self.recompute)
        return lambda theta, images: model(theta, self.normalised(images))

    def tangent_at(self, theta_0: Parameters) -> Model:
        """See `TangentEncoder.tangent_at`."""
        tangent = tangent_of_vit(self.shape, theta_0, recompute=self.recompute)
        return lambda tau, images: tangent(tau, self.normalised(images))
