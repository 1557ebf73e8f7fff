"""The tangent model of any image tower, by `lib.models.linearize`."""

from __future__ import annotations

from dataclasses import dataclass

from lib.models.encoders.linearized import Linearized
from lib.models.encoders.torch_module import TorchModule


@dataclass(frozen=True, kw_only=True)
class TangentTorchModule(Linearized, TorchModule):
    """A module that is trained and evaluated as its tangent model."""
