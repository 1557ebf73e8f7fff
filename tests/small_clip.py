"""Small CLIPs in the place of the papers' ViTs, and images of any classes that they name mostly right.

Untrained models would be right on none of 397 classes, and a normalized accuracy would not be defined. So towers,
text projection and images are fitted to each other, for seconds; what the models read are then real files.
"""

from __future__ import annotations

import json
import math
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import open_clip
import torch
import torch.nn.functional as F
from PIL import Image
from safetensors.torch import save_file
from torch import Tensor, nn

from lib.data.tasks import Task
from lib.models import heads
from lib.models.encoders.interface import OPENAI_MEAN, OPENAI_STD
from lib.models.vit import shape_of, vit

SIDE = 16
TEXT = {"context_length": 24, "vocab_size": 49408, "width": 64, "heads": 2, "layers": 1}
STEPS = 80


def architecture(*, patch_size: int, width: int, layers: int) -> dict:
    vision = {"image_size": SIDE, "patch_size": patch_size, "width": width, "layers": layers, "head_width": 16}
    return {"embed_dim": 32, "quick_gelu": True, "vision_cfg": vision, "text_cfg": dict(TEXT)}


def make(folder: Path, shapes: Mapping[str, Mapping[str, int]], named: list[Task]) -> dict[str, np.ndarray]:
    """Write {name}.json and {name}.safetensors of each shape; returns each task's images, UInt8[C, 16, 16, 3]."""
    folder.mkdir(parents=True)
    clips = []
    for seed, (name, shape) in enumerate(shapes.items()):
        (folder / f"{name}.json").write_text(json.dumps(architecture(**shape)))
        clips.append(_untrained(architecture(**shape), seed))
    images = _fit(clips, named)
    for name, clip in zip(shapes, clips, strict=True):
        save_file({key: value.contiguous() for key, value in clip.state_dict().items()}, folder / f"{name}.safetensors")
    return {task.name: part for task, part in zip(named, images, strict=True)}


@dataclass(frozen=True)
class Drawing:
    """A class's image as `tests.miniatures` asks for it; the splits differ by a little light."""

    images: np.ndarray

    def __call__(self, label: int, split: str, side: int = SIDE) -> Image.Image:
        light = {"train": 0, "val": 1, "test": 2}[split]
        pixels = np.clip(self.images[label].astype(int) + light, 0, 255).astype(np.uint8)
        return Image.fromarray(pixels).resize((side, side), Image.Resampling.NEAREST)


def _untrained(shape: Mapping, seed: int) -> nn.Module:
    torch.manual_seed(seed)
    clip = open_clip.CLIP(**shape).eval()
    with torch.no_grad():
        clip.logit_scale.fill_(math.log(100))  # as OpenAI's
        for name, value in clip.named_parameters():
            if value.ndim > 1 and not name.startswith("visual.") and name != "positional_embedding":
                value.mul_(3)  # so that prompts of different classes differ
    return clip


def _fit(clips: list[nn.Module], named: list[Task]) -> list[np.ndarray]:
    """Adam on image towers, text projections and four colours an image, against the classes of each task."""
    sizes = [len(task.class_names) for task in named]
    grey = torch.cat([torch.full((n,), task.name == "mnist") for n, task in zip(sizes, named, strict=True)])
    colours = torch.randn(sum(sizes), 3, 2, 2, generator=torch.Generator().manual_seed(0)).requires_grad_()
    texts = [_text_features(clip, named) for clip in clips]
    towers = [parameter for clip in clips for parameter in (*clip.visual.parameters(), clip.text_projection)]
    optimizer = torch.optim.Adam([{"params": towers, "lr": 3e-3}, {"params": [colours], "lr": 0.05}])
    for _ in range(STEPS):
        loss = sum(_loss(clip, text, _pixels(colours, grey), sizes) for clip, text in zip(clips, texts, strict=True))
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
    pixels = (255 * _pixels(colours, grey).detach()).round().byte().permute(0, 2, 3, 1)
    return [part.numpy() for part in pixels.split(sizes)]


def _pixels(colours: Tensor, grey: Tensor) -> Tensor:
    """Float[n, 3, 16, 16] in [0, 1]: a colour a quarter, shades of grey where asked for."""
    values = torch.sigmoid(colours)
    values = torch.where(grey[:, None, None, None], values.mean(1, keepdim=True).expand_as(values), values)
    return F.interpolate(values, size=SIDE, mode="nearest")


def _text_features(clip: nn.Module, named: list[Task]) -> Tensor:
    """Float[n, w], before the projection, of one prompt a class."""
    tokenizer = open_clip.SimpleTokenizer(context_length=TEXT["context_length"])
    prompts = [task.templates[0].format(name) for task in named for name in task.class_names]
    projection, clip.text_projection = clip.text_projection, None
    with torch.no_grad():
        features = clip.encode_text(tokenizer(prompts))
    clip.text_projection = projection
    return features


def _loss(clip: nn.Module, text: Tensor, pixels: Tensor, sizes: list[int]) -> Tensor:
    mean, std = (torch.tensor(v).view(3, 1, 1) for v in (OPENAI_MEAN, OPENAI_STD))
    theta, shape = dict(clip.visual.named_parameters()), shape_of(clip.visual)
    embeddings = vit(shape, theta, (pixels - mean) / std)
    head = clip.logit_scale.exp().detach() * F.normalize(text @ clip.text_projection, dim=-1)
    parts = zip(embeddings.split(sizes), head.split(sizes), strict=True)
    return sum(F.cross_entropy(heads.logits(x, rows), torch.arange(len(x))) for x, rows in parts)
