"""The papers' own architectures: what each mode trains of them, and ViT-B/32 at full size through every stage.

Weights are random, images few: what is tested is that names, shapes and functions are those of the real model.
"""

from pathlib import Path

import numpy as np
import open_clip
import pytest
import torch
from PIL import Image

from lib import cost
from lib.data import prepared, preparing, tasks
from lib.data.raw_task import RawSplit
from lib.data.training_batches import TrainingData
from lib.editing.task_vector import TaskVector
from lib.models import heads, linearize
from lib.models.architectures import read_configuration
from lib.models.clip import random_clip, tower_parameters
from lib.models.encoders.torch_module import TorchModule, empty_tower
from lib.training import modes
from lib.training.finetune import Recipe, finetune
from lib.training.objectives.cross_entropy import objective
from lib.training.objectives.interface import Context

B32, B16, L14 = "ViT-B-32-quickgelu", "ViT-B-16-quickgelu", "ViT-L-14-quickgelu"
ALPHAS = [0.0, 0.25, 1.0]
STEPS, BATCH, SIDE = 2, 2, 224


@pytest.mark.parametrize(
    ("architecture", "mode", "parameters"),
    [
        (B32, "standard", 87_849_216),
        (B32, "linear", 87_849_216),
        (B32, "linear-2", 12 * 4 * 768**2),
        (B16, "standard", 86_192_640),
        (B16, "linear", 86_192_640),
        (B16, "linear-2", 12 * 4 * 768**2),
        (L14, "standard", 303_966_208),
        (L14, "linear", 303_966_208),
        (L14, "linear-2", 100_663_296),
    ],
)
def test_each_mode_trains_the_parameters_it_should(architecture, mode, parameters):
    """Counted in open_clip's own tower, which holds no numbers, and by the plan's formula."""
    tower = empty_tower(read_configuration(architecture))
    assert all(value.is_meta for value in tower.parameters())
    sizes = {name: value.numel() for name, value in tower.named_parameters()}
    assert sizes == cost.tower(read_configuration(architecture)).sizes
    assert sum(sizes[name] for name in modes.get(mode).trained(sizes)) == parameters


@pytest.fixture(scope="module")
def clip():
    return random_clip(B32, seed=0)


@pytest.fixture(scope="module")
def theta_0(clip):
    return tower_parameters(clip)


@pytest.fixture(scope="module")
def head(clip):
    """EuroSAT's, from the real text tower."""
    task = tasks.read("eurosat")
    return heads.zero_shot_head(clip, open_clip.get_tokenizer(B32), task.class_names, task.templates[:1])


@pytest.fixture(scope="module")
def images(tmp_path_factory) -> Path:
    """A folder with a prepared fit split of coarse random images, larger than the model takes."""
    folder = tmp_path_factory.mktemp("images")
    coarse = np.random.default_rng(0).integers(0, 256, (STEPS * BATCH, 4, 4, 3), np.uint8)
    raw = RawSplit(
        np.arange(len(coarse)), lambda row: Image.fromarray(coarse[row]).resize((260, 240), Image.Resampling.NEAREST)
    )
    preparing.write(folder, "fit", raw, np.arange(len(coarse)), crop=lambda image: image)
    return folder


@pytest.fixture(scope="module")
def vectors(theta_0, head, images):
    """Mode -> task vector of two steps, made when it is asked for."""
    made = {}

    def vector(name: str) -> TaskVector:
        mode = modes.get(modes.get(name).vectors_of)
        if mode.name not in made:
            data = TrainingData(prepared.read(images, "fit"), BATCH, SIDE, seed=0)
            recipe = Recipe(STEPS, learning_rate=1e-4, weight_decay=0.1, clip_norm=1.0, warmup=1, accumulate=2)
            model = mode.image_encoder(read_configuration(B32)).model_at(theta_0)
            loss = objective(Context(model, theta_0, head))
            theta, log = finetune(theta_0, mode.trained(theta_0), loss, data, recipe)
            assert [row["step"] for row in log] == [1, 2] and np.isfinite(log[-1]["loss"])
            made[mode.name] = TaskVector.between(theta_0, theta)
        return made[mode.name]

    return vector


@pytest.fixture(scope="module")
def batch():
    coarse = np.random.default_rng(1).integers(0, 256, (4, 7, 7, 3), np.uint8)
    return torch.from_numpy(coarse.repeat(32, axis=1).repeat(32, axis=2))


def test_the_head_of_the_real_text_tower_has_one_row_per_class(head, clip):
    assert head.shape == (10, 512)
    torch.testing.assert_close(head.norm(dim=1), clip.logit_scale.exp().detach().expand(10))


@pytest.mark.parametrize("mode", ["standard", "linear", "linear-2"])
def test_fine_tuning_moves_what_the_mode_trains_and_nothing_else(mode, vectors, theta_0):
    tau = vectors(mode)
    moved = {name for name in tau if tau[name].any()}
    assert moved == set(modes.get(mode).trained(theta_0))
    assert sum(theta_0[name].numel() for name in moved) == {"linear-2": 28_311_552}.get(mode, 87_849_216)


@pytest.mark.parametrize("mode", ["standard", "posthoc", "linear", "linear-2"])
def test_a_sweep_gives_what_each_edited_model_gives_by_itself(mode, vectors, theta_0, clip, batch):
    """Against open_clip's module with the edited weights, and against its derivative by torch.func.

    The head divides what the first and the last model say about the first image, so that their predictions differ.
    """
    tau, chosen = vectors(mode), modes.get(mode)
    encoder = chosen.image_encoder(read_configuration(B32))
    reference = TorchModule(SIDE, build=lambda: clip.visual)
    x = encoder.normalised(batch)
    with torch.no_grad():
        if chosen.tangent:
            value, tangent = linearize.jvp(reference.value, theta_0, tau, x)
            features = [value + alpha * tangent for alpha in ALPHAS]
        else:
            features = [reference.value(tau.apply(theta_0, alpha), x) for alpha in ALPHAS]
    head = dividing(features[0][0], features[-1][0])
    expected = torch.stack([heads.logits(f, head).argmax(-1) for f in features])
    coefficients = torch.tensor([[alpha] for alpha in ALPHAS])
    found = chosen.predictions(encoder, theta_0, [tau], coefficients, [batch[:3], batch[3:]], head)
    assert torch.equal(found, expected)
    assert found[0, 0] != found[-1, 0]


def dividing(a: torch.Tensor, b: torch.Tensor) -> torch.Tensor:
    """Float[2, d]: a head that puts a into class 0 and b into class 1, by the plane through 0 and their middle."""
    middle = (a + b) / 2
    normal = (b - a) - middle * ((b - a) @ middle) / (middle @ middle)
    return torch.nn.functional.normalize(torch.stack([-normal, normal]), dim=-1)
