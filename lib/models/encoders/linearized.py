"""The tangent model of any encoder, by `lib.models.linearize`: for those without a faster one of their own."""

from __future__ import annotations

from collections.abc import Sequence

from torch import Tensor

from lib.models.encoders.interface import Model, Parameters
from lib.models.linearize import jvp, linearize, tangent


class Linearized:
    """What turns an encoder that has `value` and `normalised` into one that is trained and evaluated as
    f_lin(x; theta) = f(x; theta_0) + J (theta - theta_0); to be inherited from before it.
    """

    def value_and_tangents(
        self, theta_0: Parameters, taus: Sequence[Parameters], inputs: Tensor
    ) -> tuple[Tensor, list[Tensor]]:
        """See `TangentEncoder.value_and_tangents`; a pass for each tangent."""
        x = self.normalised(inputs)
        pairs = [jvp(self.value, theta_0, tau, x) for tau in taus]
        return pairs[0][0], [moved for _, moved in pairs]

    def model_at(self, theta_0: Parameters) -> Model:
        """(theta, inputs) -> f_lin(x; theta)."""
        f_lin = linearize(self.value, theta_0)

        def model(theta: Parameters, inputs: Tensor) -> Tensor:
            return f_lin({name: theta[name] - theta_0[name] for name in theta_0}, self.normalised(inputs))

        return model

    def tangent_at(self, theta_0: Parameters) -> Model:
        """See `TangentEncoder.tangent_at`."""
        moved = tangent(self.value, theta_0)
        return lambda tau, inputs: moved(tau, self.normalised(inputs))
