"""The tangent model of any image tower, by `lib.models.linearize`."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from torch import Tensor

from lib.models.encoders.interface import Model, Parameters
from lib.models.encoders.torch_module import TorchModule
from lib.models.linearize import jvp, linearize, tangent


@dataclass(frozen=True, kw_only=True)
class TangentTorchModule(TorchModule):
    """A module that is trained and evaluated as f_lin(x; theta) = f(x; theta_0) + J (theta - theta_0)."""

    def value_and_tangents(
        self, theta_0: Parameters, taus: Sequence[Parameters], images: Tensor
    ) -> tuple[Tensor, list[Tensor]]:
        """See `TangentEncoder.value_and_tangents`; a pass for each tangent."""
        x = self.normalised(images)
        pairs = [jvp(self.value, theta_0, tau, x) for tau in taus]
        return pairs[0][0], [moved for _, moved in pairs]

    def model_at(self, theta_0: Parameters) -> Model:
        """(theta, images) -> f_lin(x; theta)."""
        f_lin = linearize(self.value, theta_0)

        def model(theta: Parameters, images: Tensor) -> Tensor:
            return f_lin({name: theta[name] - theta_0[name] for name in theta_0}, self.normalised(images))

        return model

    def tangent_at(self, theta_0: Parameters) -> Model:
        """See `TangentEncoder.tangent_at`."""
        moved = tangent(self.value, theta_0)
        return lambda tau, images: moved(tau, self.normalised(images))
