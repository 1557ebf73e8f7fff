"""Forty images, a small model of them, and fine-tuning in any mode."""

from importlib import import_module
from types import SimpleNamespace

import numpy as np
import pytest
import torch
from PIL import Image

from lib.data import prepared, preparing
from lib.data.raw_task import RawSplit
from lib.data.training_batches import TrainingData
from lib.models.encoders.image import encoder_of
from lib.models.encoders.tangent import tangent_of
from lib.training import finetune as finetuning
from lib.training import modes
from lib.training.finetune import Recipe
from lib.training.objectives.interface import Context

RECIPE = Recipe(steps=6, learning_rate=1e-3, weight_decay=0.1, clip_norm=1.0, warmup=2)


@pytest.fixture(scope="module")
def split(tmp_path_factory):
    folder, generator = tmp_path_factory.mktemp("data"), np.random.default_rng(0)
    pixels = generator.integers(0, 256, (40, 8, 8, 3), np.uint8)
    raw = RawSplit(np.arange(40) % 4, lambda row: Image.fromarray(pixels[row]))
    preparing.write(folder, "fit", raw, np.arange(40), crop=lambda image: image)
    return prepared.read(folder, "fit")


@pytest.fixture
def data(split):
    """Batches of 16, 16 and 8 images."""
    return TrainingData(split, batch_size=16, image_size=8, seed=0)


@pytest.fixture
def encoder(tower):
    return encoder_of(SimpleNamespace(visual=tower))


@pytest.fixture
def theta_0(tower):
    return {name: value.detach().clone() for name, value in tower.named_parameters()}


@pytest.fixture
def head():
    return torch.nn.functional.normalize(torch.randn(4, 8, generator=torch.Generator().manual_seed(2)), dim=-1) * 10


@pytest.fixture
def run(context, theta_0, data):
    def train(mode="standard", recipe=RECIPE, **more):
        chosen = modes.get(mode)
        objective = import_module(chosen.objective_module).objective(context(mode))
        return finetuning.finetune(theta_0, chosen.trained(theta_0), objective, data, recipe, **more)

    return train


@pytest.fixture
def context(encoder, theta_0, head):
    """What the objective of a mode gets, with some of its settings changed and files of (other) tasks."""

    def made(mode, others=None, **settings):
        chosen = modes.get(mode)
        known = tangent_of(encoder) if chosen.tangent else encoder
        return Context.of(known, theta_0, head, {**chosen.settings, **settings}, others or {})

    return made


@pytest.fixture
def with_method(run, context):
    """Fine-tuning in a mode with its penalty and its mask."""

    def train(mode, recipe=RECIPE, others=None, keeper=None, **settings):
        module, given = import_module(modes.get(mode).objective_module), context(mode, others, **settings)
        parts = {part: getattr(module, part)(given) for part in ("penalty", "mask") if hasattr(module, part)}
        return run(mode, recipe, **parts, **({} if keeper is None else {"keeper": keeper}))

    return train


@pytest.fixture(scope="module")
def stored(tmp_path_factory):
    """Kind of file -> task -> path: images of fit of two other tasks, in two sizes, and the task's own of val."""
    generator = np.random.default_rng(1)
    files = {"fit": {}, "own_val": {}}
    for kind, task, split, n, sides in (
        ("fit", "first", "fit", 20, (9, 12)),
        ("fit", "second", "fit", 5, (8, 8)),
        ("own_val", "own", "val", 6, (8, 8)),
    ):
        folder = tmp_path_factory.mktemp(task)
        pixels = generator.integers(0, 256, (n, *sides, 3), np.uint8)
        raw = RawSplit(np.arange(n) % 4, lambda row, pixels=pixels: Image.fromarray(pixels[row]))
        preparing.write(folder, split, raw, np.arange(n), crop=lambda image: image)
        files[kind][task] = folder / f"{split}.images.bin"
    return files
