"""An image tower's kernels: its embedding, and its logits under a head."""

from types import SimpleNamespace

import torch

from lib.kernels.image_towers import embedding, logits
from lib.kernels.ntk import ntk
from lib.models import heads
from lib.models.clip import tower_parameters
from lib.models.encoders.image import encoder_of
from lib.models.linearize import differentiable_attention


def test_kernels_of_embedding_and_logits_equal_explicit_jacobians(tower):
    clip = SimpleNamespace(visual=tower)
    encoder, theta = encoder_of(clip), tower_parameters(clip)
    generator = torch.Generator().manual_seed(0)
    images = torch.randint(0, 256, (3, 8, 8, 3), dtype=torch.uint8, generator=generator)
    x, head = encoder.normalised(images), torch.randn(2, 8, generator=generator)
    torch.testing.assert_close(logits(encoder, head)(theta, x), heads.logits(encoder.encode(theta, images), head))
    for f in (embedding(encoder), logits(encoder, head)):
        with differentiable_attention():
            found = torch.func.jacrev(lambda theta, f=f: f(theta, x))(theta)
        jacobians = torch.cat([block.flatten(2) for block in found.values()], dim=2).double()
        expected = torch.einsum("ncp,mcp->cnm", jacobians, jacobians)
        difference = (ntk(f, theta, x) - expected).norm()
        assert difference < 1e-5 * expected.norm()
