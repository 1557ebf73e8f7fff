"""The tangent model of a text encoder, by `lib.models.linearize`."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from torch import Tensor

from lib.models.encoders.interface import Model, Parameters
from lib.models.encoders.text import TextEncoder
from lib.models.linearize import jvp, linearize, tangent


class TangentTextEncoder(TextEncoder):
    """A text encoder that is trained and evaluated as f_lin(x; theta) = f(x; theta_0) + J (theta - theta_0)."""

    def value_and_tangents(
        self, theta_0: Parameters, taus: Sequence[Parameters], tokens: Tensor
    ) -> tuple[Tensor, list[Tensor]]:
        """See `TangentEncoder.value_and_tangents`; a pass for each tangent."""
        x = self.normalised(tokens)
        pairs = [jvp(self.value, theta_0, tau, x) for tau in taus]
        return pairs[0][0], [moved for _, moved in pairs]

    def model_at(self, theta_0: Parameters) -> Model:
        """(theta, tokens) -> f_lin(x; theta)."""
        f_lin = linearize(self.value, theta_0)

        def model(theta: Parameters, tokens: Tensor) -> Tensor:
            return f_lin({name: theta[name] - theta_0[name] for name in theta_0}, self.normalised(tokens))

        return model

    def tangent_at(self, theta_0: Parameters) -> Model:
        """See `TangentEncoder.tangent_at`."""
        moved = tangent(self.value, theta_0)
        return lambda tau, tokens: moved(tau, self.normalised(tokens))


def text_encoder(configuration: Mapping, *, recompute: bool = False) -> TangentTextEncoder:
    """See `lib.models.encoders.text.text_encoder`."""
    if recompute:
        raise ValueError("a text encoder keeps its activations: set activation_checkpointing: false")
    return TangentTextEncoder(**configuration)


image_encoder = text_encoder  # the name by which jobs ask the module of a model for its encoder
