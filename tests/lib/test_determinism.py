"""Under torch.use_deterministic_algorithms: nothing fails, nothing changes on a CPU, and of the operations that torch
lists as not deterministic on a GPU only those named here are in use.
"""

import os
import re
from dataclasses import replace
from importlib import import_module
from types import SimpleNamespace

import numpy as np
import pytest
import torch
from PIL import Image
from torch.utils._python_dispatch import TorchDispatchMode

from lib.data import prepared, preparing
from lib.data.evaluation_batches import EvaluationBatches
from lib.data.raw_task import RawSplit
from lib.data.training_batches import TrainingData
from lib.determinism import deterministic
from lib.editing.task_vector import TaskVector
from lib.models.encoders.image import encoder_of
from lib.models.encoders.tangent import tangent_of
from lib.models.encoders.torch_module import TorchModule
from lib.training import modes
from lib.training.finetune import Recipe, finetune
from lib.training.objectives.interface import Context

MODES = ("standard", "linear", "linear-2")
TOWERS = ("plain", "module")
RECIPE = Recipe(steps=3, learning_rate=1e-3, weight_decay=0.1, clip_norm=1.0, warmup=1, accumulate=2)


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    """Images of several sizes for fit, of one size for test."""
    folder, generator = tmp_path_factory.mktemp("data"), np.random.default_rng(0)
    for split, sides in (("fit", (8, 11, 14)), ("test", (8,))):
        pixels = [generator.integers(0, 256, (sides[i % len(sides)], 8, 3), np.uint8) for i in range(24)]
        raw = RawSplit(np.arange(24) % 4, lambda row, pixels=pixels: Image.fromarray(pixels[row]))
        preparing.write(folder, split, raw, np.arange(24), crop=lambda image: image)
    return folder


@pytest.fixture
def parts(tower, folder):
    """Encoders by kind of tower and mode, theta_0, a head, a task vector."""
    theta_0 = {name: value.detach().clone() for name, value in tower.named_parameters()}
    generator = torch.Generator().manual_seed(2)
    head = 10 * torch.nn.functional.normalize(torch.randn(4, 8, generator=generator), dim=-1)
    tau = TaskVector({name: 0.01 * torch.randn(v.shape, generator=generator) for name, v in theta_0.items()})
    plain = {"plain": encoder_of(SimpleNamespace(visual=tower)), "module": TorchModule(8, build=lambda: tower)}

    def encoder(kind, mode):
        return tangent_of(plain[kind]) if modes.get(mode).tangent else plain[kind]

    return SimpleNamespace(encoder=encoder, theta_0=theta_0, head=head, tau=tau, folder=folder)


def trained(parts, kind, mode, *, steps=RECIPE.steps):
    """Fine-tuning with random crops, by a mode's own objective: theta and the log."""
    known = modes.get(mode)
    context = Context.of(parts.encoder(kind, mode), parts.theta_0, parts.head, known.settings, {})
    objective = import_module(known.objective_module).objective(context)
    data = TrainingData(prepared.read(parts.folder, "fit"), batch_size=16, image_size=8, seed=0)
    recipe = replace(RECIPE, steps=steps)
    return finetune(parts.theta_0, known.trained(parts.theta_0), objective, data, recipe)


def evaluated(parts, kind, mode):
    """Embeddings of the test images, and predictions of two edited models."""
    encoder, known = parts.encoder(kind, mode), modes.get(mode)
    batches = EvaluationBatches(prepared.read(parts.folder, "test"), 10, "cpu")
    with torch.no_grad():
        moved = {name: value + parts.tau[name] for name, value in parts.theta_0.items()}
        embeddings = torch.cat([encoder.model_at(parts.theta_0)(moved, images) for images in batches])
    coefficients = torch.tensor([[0.0], [1.0]])
    return embeddings, known.predictions(encoder, parts.theta_0, [parts.tau], coefficients, batches, parts.head)


def bits(tensors):
    return {name: value.numpy().tobytes() for name, value in tensors.items()}


@pytest.mark.parametrize("kind", TOWERS)
@pytest.mark.parametrize("mode", MODES)
def test_training_runs_with_the_flag_and_gives_the_same_bytes(parts, kind, mode):
    with deterministic(False):
        theta, log = trained(parts, kind, mode)
    with deterministic(True):
        again, log_again = trained(parts, kind, mode)
    assert bits(again) == bits(theta) and log_again == log
    assert bits(theta) != bits(parts.theta_0)


@pytest.mark.parametrize("kind", TOWERS)
@pytest.mark.parametrize("mode", MODES)
def test_evaluation_runs_with_the_flag_and_gives_the_same_bytes(parts, kind, mode):
    with deterministic(False):
        found = evaluated(parts, kind, mode)
    with deterministic(True):
        again = evaluated(parts, kind, mode)
    assert all(torch.equal(a, b) for a, b in zip(found, again, strict=True))


# torch's own list


class Recorded(TorchDispatchMode):
    """The names of all aten operations that run inside, forward and backward."""

    def __init__(self):
        super().__init__()
        self.names = set()

    def __torch_dispatch__(self, function, types, args=(), kwargs=None):
        self.names.add(function.overloadpacket.__name__)
        return function(*args, **(kwargs or {}))


def documented():
    """(operations that the flag makes deterministic, operations that it refuses): names as in aten -> torch's words.

    Read from torch's docstring; what it says of MPS or of sparse tensors alone is left out.
    """
    text = torch.use_deterministic_algorithms.__doc__
    _, acts, refuses = re.split(r"The following normally-nondeterministic operations will .*\n", text)
    return named(acts), named(refuses.partition("In addition,")[0])


def named(text):
    found = {}
    for entry in re.split(r"^\s+\* ", text, flags=re.M)[1:]:
        words = " ".join(entry.split())
        if "sparse" in words or ("MPS" in words and "CUDA" not in words):
            continue
        for name in re.findall(r":(?:func|class):`~?([\w.]+)`", words):
            found[in_aten(name.rpartition(".")[2])] = words
    return found


def in_aten(name):
    """Where aten has another name than torch's Python: Conv2d is convolution, interpolate upsample, x[i] index."""
    if name.startswith("Conv"):
        return "convolution"
    special = {"interpolate": "upsample", "__getitem__": "index", "NLLLoss": "nll_loss", "CTCLoss": "ctc_loss"}
    snake = re.sub(r"(?<=[a-z0-9])(?=[A-Z])", "_", name).lower().replace("pool_", "pool")
    return special.get(name, snake.rstrip("_"))


def among(names, listed):
    """Those operations that are listed, or a backward or another form of one that is."""
    whole = ("index", "put", "scatter")  # begin the names of other operations

    def is_of(name, stem):
        return name == stem or (stem not in whole and re.match(rf"{stem}[_\d]", name) is not None)

    return {name for name in names if any(is_of(name.strip("_"), stem) for stem in listed)}


@pytest.fixture
def in_use(parts):
    """The operations of a step of training and of an evaluation, over all modes and towers."""
    recorded = Recorded()
    with recorded:
        for kind in TOWERS:
            for mode in MODES:
                trained(parts, kind, mode, steps=1)
                evaluated(parts, kind, mode)
    return recorded.names


def test_the_list_is_read_from_torch():
    acts, refuses = documented()
    assert {"convolution", "index", "index_put", "scatter_add", "cumsum", "embedding"} <= acts.keys()
    assert {"upsample", "nll_loss", "adaptive_avg_pool2d", "bincount", "grid_sample"} <= refuses.keys()
    assert not acts.keys() & {"upsample", "nll_loss"}


def test_names_of_operations_are_recognised():
    _, refuses = documented()
    found = among({"upsample_bicubic2d_backward", "nll_loss_forward", "bmm", "_adaptive_avg_pool2d_backward"}, refuses)
    assert found == {"upsample_bicubic2d_backward", "nll_loss_forward", "_adaptive_avg_pool2d_backward"}
    acts, _ = documented()
    assert among({"convolution_backward", "index_put_", "index", "mm"}, acts) == {
        "convolution_backward",
        "index_put_",
        "index",
    }


def test_forward_and_backward_are_recorded(in_use):
    assert {"mm", "native_layer_norm", "native_layer_norm_backward", "_fused_adamw_", "argmax"} <= in_use


def test_attention_is_fused_in_both_directions(in_use):
    """Not on torch's list, yet its backward on a GPU takes a deterministic form with the flag alone."""
    assert {name for name in in_use if "scaled_dot_product" in name} == {
        "_scaled_dot_product_flash_attention_for_cpu",
        "_scaled_dot_product_flash_attention_for_cpu_backward",
    }


def test_of_what_the_flag_refuses_only_the_loss_is_in_use(in_use):
    """torch lists NLLLoss; its kernels refuse nll_loss2d alone, the loss of images of labels, which is not in use."""
    assert among(in_use, documented()[1]) == {"nll_loss_forward", "nll_loss_backward"}


def test_of_what_the_flag_changes_only_the_modules_convolution_is_in_use(in_use):
    """open_clip's own module embeds patches by a convolution; the plain ViT by a matrix product."""
    assert among(in_use, documented()[0]) == {"convolution", "convolution_backward"}


def test_the_flag_is_set_inside_the_block_only(monkeypatch):
    monkeypatch.delenv("CUBLAS_WORKSPACE_CONFIG", raising=False)
    with deterministic(False):
        assert not torch.are_deterministic_algorithms_enabled() and "CUBLAS_WORKSPACE_CONFIG" not in os.environ
    with pytest.raises(ZeroDivisionError), deterministic(True):
        assert torch.are_deterministic_algorithms_enabled() and os.environ["CUBLAS_WORKSPACE_CONFIG"] == ":4096:8"
        raise ZeroDivisionError
    assert not torch.are_deterministic_algorithms_enabled()
