"""A small model with two task vectors, images and a head."""

from types import SimpleNamespace
from typing import NamedTuple

import pytest
import torch

from lib.editing.task_vector import TaskVector
from lib.models.clip import tower_parameters
from lib.models.encoders.image import encoder_of
from lib.models.encoders.interface import ImageEncoder


class Setting(NamedTuple):
    encoder: ImageEncoder
    theta_0: dict[str, torch.Tensor]
    taus: list[TaskVector]
    batches: list[torch.Tensor]
    head: torch.Tensor

    @property
    def images(self) -> torch.Tensor:
        return torch.cat(self.batches)


@pytest.fixture
def setting(tower):
    encoder = encoder_of(SimpleNamespace(visual=tower))
    theta_0 = tower_parameters(SimpleNamespace(visual=tower))
    generator = torch.Generator().manual_seed(0)
    taus = [
        TaskVector({n: 0.05 * torch.randn(v.shape, generator=generator) for n, v in theta_0.items()}) for _ in range(2)
    ]
    batches = [torch.randint(0, 256, (4, 8, 8, 3), dtype=torch.uint8, generator=generator) for _ in range(3)]
    return Setting(encoder, theta_0, taus, batches, torch.randn(5, 8, generator=generator))


@pytest.fixture
def grid():
    return torch.tensor([[0.0, 0.0], [1.0, 0.0], [-0.5, 0.3], [2.0, -2.0]])
