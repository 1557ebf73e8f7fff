"""Inputs of a fine-tuning of seconds: a random CLIP, its theta_0, a random head, random images."""

from pathlib import Path

import numpy as np
import torch
from PIL import Image

from lib.data import preparing
from lib.data.raw_task import RawSplit
from lib.files import checkpoints
from lib.models import clip
from tests.workflow.conftest import make_clip

CLASSES, IMAGES, SIDE = 4, 32, 16


def make_inputs(folder: Path) -> None:
    """Write tiny.json, tiny.safetensors, theta_0.safetensors, head.safetensors and data/fit.* to `folder`."""
    make_clip(folder)
    model = clip.load_clip("tiny", str(folder / "tiny.safetensors"), architectures=str(folder))
    checkpoints.save(folder / "theta_0.safetensors", clip.tower_parameters(model))
    generator = torch.Generator().manual_seed(1)
    directions = torch.nn.functional.normalize(torch.randn(CLASSES, 32, generator=generator), dim=-1)
    checkpoints.save(folder / "head.safetensors", {"weight": 10 * directions})
    pixels = np.random.default_rng(0).integers(0, 256, (IMAGES, SIDE, SIDE, 3), np.uint8)
    raw = RawSplit(np.arange(IMAGES) % CLASSES, lambda row: Image.fromarray(pixels[row]))
    preparing.write(folder / "data", "fit", raw, np.arange(IMAGES), crop=lambda image: image)
