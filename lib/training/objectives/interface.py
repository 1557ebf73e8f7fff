"""What an objective, a penalty and a mask are to the training loop, and what they are made from."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path

from torch import Tensor

from lib.models.encoders.interface import Encoder

Parameters = Mapping[str, Tensor]
Batch = tuple[Tensor, Tensor]  # images UInt8[Tensor, "b s s 3"] and labels Int64[Tensor, "b"]

# (theta, batch, step) -> the sum of the loss over the batch's images; the loop divides by the images of the whole step
Objective = Callable[[Parameters, Batch, int], Tensor]
# (tau, step) -> a scalar, added to the mean loss once per optimizer step, before clipping; tau's gradient is theta's
Penalty = Callable[[Parameters, int], Tensor]
# parameter name -> Bool[Tensor, "..."]: which of its elements train; names that are left out train as a whole
Mask = Mapping[str, Tensor]


@dataclass(frozen=True)
class Context:
    """What an objective may use.

    model: (theta, images) -> Float[Tensor, "b d"], differentiable in theta; head: Float[Tensor, "C d"]. settings: of
    the mode. others: kind of file -> other task -> path, for the kinds that the mode declares in `Mode.others`.
    tangent: of tangent modes (tau, images) -> J tau, Float[Tensor, "b d"], differentiable in tau.
    """

    model: Callable[[Parameters, Tensor], Tensor]
    theta_0: Parameters
    head: Tensor
    settings: Mapping[str, object] = field(default_factory=dict)
    others: Mapping[str, Mapping[str, Path]] = field(default_factory=dict)
    tangent: Callable[[Parameters, Tensor], Tensor] | None = None

    @classmethod
    def of(
        cls,
        encoder: Encoder,
        theta_0: Parameters,
        head: Tensor,
        settings: Mapping[str, object],
        others: Mapping[str, Mapping[str, Path]],
    ) -> Context:
        """What an objective may use of an encoder that is trained from theta_0."""
        tangent = encoder.tangent_at(theta_0) if hasattr(encoder, "tangent_at") else None
        return cls(encoder.model_at(theta_0), theta_0, head, settings, others, tangent)
