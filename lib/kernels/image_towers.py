"""An image tower as the f(theta, x) of a kernel: its embedding, or its logits under a frozen head.

x are normalised images, Float[Tensor, "n 3 s s"], as `ImageEncoder.normalised` gives them.
"""

from __future__ import annotations

from torch import Tensor

from lib.models import heads
from lib.models.encoders.interface import ImageEncoder
from lib.models.linearize import Function


def embedding(encoder: ImageEncoder) -> Function:
    """(theta, x) -> Float[Tensor, "n d"], the embedding f(x; theta) before L2 normalisation."""
    return encoder.value


def logits(encoder: ImageEncoder, head: Tensor) -> Function:
    """(theta, x) -> Float32[Tensor, "n C"], head @ unit(f(x; theta)); the prompt of the kernel view is this head."""
    return lambda theta, x: heads.logits(encoder.value(theta, x), head)
