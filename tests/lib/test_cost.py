"""Costs by formula against hand counts, open_clip's own parameters, and published sizes."""

import json
import math
from pathlib import Path

import pytest

from lib import cost
from lib.training import modes

DEMO = Path(__file__).resolve().parents[2] / "demo/clip/ViT-demo-8.json"
# 2 x 2 patches of 4 x 4 pixels, so 5 tokens; one block of width 8 with a hidden layer of 32
SMALL = cost.Tower(image_size=8, patch_size=4, width=8, layers=1, embed_dim=6)
PATCHES = 4 * (48 * 8) * 2  # each patch: 48 pixel values to 8 channels
MATRICES = 5 * (8 * 24 + 8 * 8 + 8 * 32 + 32 * 8) * 2  # each token: q k v, output, both layers of the MLP
PROJECTION = 8 * 6 * 2
ATTENTION = 2 * (5 * 5 * 8) * 2  # Q K^T and P V
FORWARD = PATCHES + MATRICES + PROJECTION + ATTENTION


def published(name, width, patch, layers, embed, text_width):
    return cost.Tower(224, patch, width, layers, embed, text=(77, 49408, text_width, 12))


def test_a_forward_pass_costs_what_a_hand_count_gives():
    assert cost.evaluation_flops(SMALL, tangent=False) == FORWARD == 11_648


def test_tangents_cost_two_passes_each():
    assert cost.evaluation_flops(SMALL, tangent=True) == 3 * FORWARD
    assert cost.evaluation_flops(SMALL, tangent=True, vectors=2) == 5 * FORWARD


def test_a_training_step_costs_three_passes_and_of_a_tangent_model_five():
    everything = SMALL.sizes
    assert cost.training_flops(SMALL, tangent=False, trained=everything) == 3 * FORWARD
    assert cost.training_flops(SMALL, tangent=True, trained=everything) == 5 * FORWARD


def test_frozen_weights_save_their_own_gradients_only():
    trained = modes.get("linear-2").trained(SMALL.sizes)
    attention_weights = 5 * (8 * 24 + 8 * 8) * 2
    backward = PATCHES + MATRICES + PROJECTION + 2 * ATTENTION
    assert cost.training_flops(SMALL, tangent=False, trained=trained) == FORWARD + backward + attention_weights


def test_parameters_are_those_of_open_clip():
    import open_clip
    import torch

    configuration = json.loads(DEMO.read_text())
    with torch.device("meta"):
        clip = open_clip.CLIP(**configuration)
    vit = cost.tower(configuration)
    assert vit.sizes == {name: value.numel() for name, value in clip.visual.named_parameters()}
    assert vit.size_of_all == sum(value.numel() for value in clip.parameters())


@pytest.mark.parametrize(
    ("sizes", "parameters"),
    [
        (("ViT-B/32", 768, 32, 12, 512, 512), 151_277_313),
        (("ViT-B/16", 768, 16, 12, 512, 512), 149_620_737),
        (("ViT-L/14", 1024, 14, 24, 768, 768), 427_616_513),
    ],
)
def test_the_papers_models_have_their_published_sizes(sizes, parameters):
    assert published(*sizes).size_of_all == parameters


def test_linear_2_trains_a_hundred_million_parameters_of_the_largest_model():
    sizes = published("ViT-L/14", 1024, 14, 24, 768, 768).sizes
    assert sum(sizes[name] for name in modes.get("linear-2").trained(sizes)) == 24 * 4 * 1024**2


def test_a_tower_that_is_no_vit_is_refused():
    with pytest.raises(ValueError, match="only open_clip's own ViTs can be edited"):
        cost.tower({"embed_dim": 8, "vision_cfg": {"image_size": 8, "width": 8, "layers": [1, 1]}})


def test_splits_follow_the_papers_rule():
    rule = {"fraction": 0.1, "maximum": 5000}
    assert cost.split_sizes({"train": 60000, "test": 10000}, **rule) == {"fit": 55000, "val": 5000, "test": 10000}
    assert cost.split_sizes({"train": 8144, "test": 8041}, **rule) == {"fit": 7330, "val": 814, "test": 8041}
    own = cost.split_sizes({"train": 21600, "val": 2700, "test": 2700}, **rule)
    assert own == {"fit": 21600, "val": 2700, "test": 2700}


def test_steps_and_passes():
    assert cost.optimizer_steps(35, 7330, 128) == 35 * 58
    assert cost.passes(21, tangent=False) == 21 and cost.passes(21, tangent=True) == 1


def test_bytes_of_images():
    assert cost.evaluation_bytes(10, 224) == 10 * (224 * 224 * 3 + 40)
    assert cost.fit_bytes(10, "mnist", 256) == 10 * (28 * 28 * 3 + 40)
    assert cost.fit_bytes(10, "cars", 256) == 10 * (256 * 341 * 3 + 40)
    assert cost.fit_bytes(10, "cars", None) > cost.fit_bytes(10, "cars", 256)


def row(architecture="B", mode="standard", stage="train", rate=100.0, gigaflops=10.0, precision="tf32", device="GPU"):
    return cost.Measurement(architecture, mode, stage, rate, gigaflops, 1.0, device, precision, "by hand")


def test_time_is_work_divided_by_the_measured_rate():
    assert row().seconds(5e12) == pytest.approx(5)  # 100 images/s of 10 GFLOP are 1 TFLOP/s
    assert row(device="GPU").on_gpu and not row(device="CPU of a laptop, 1 core").on_gpu


def test_the_closest_measurement_is_of_the_same_case_if_there_is_one():
    rows = [row(), row(mode="linear"), row(stage="evaluate"), row("L"), row(precision="bf16")]
    wanted = {"architecture": "B", "mode": "linear", "stage": "train", "precision": "tf32", "gigaflops": 10.0}
    assert cost.closest(rows, **wanted) == (rows[1], True)
    assert cost.closest(rows, **wanted | {"precision": "float32"}) == (rows[1], False)
    assert cost.closest([], **wanted) is None


def test_another_architecture_is_planned_with_the_nearest_in_work():
    rows = [row("S", gigaflops=1.0), row("M", gigaflops=30.0), row("M", mode="linear", gigaflops=50.0)]
    wanted = {"architecture": "L", "mode": "standard", "stage": "train", "precision": "tf32", "gigaflops": 100.0}
    found, measured = cost.closest(rows, **wanted)
    assert found is rows[1] and not measured
    assert math.isclose(found.seconds(3e12), 1.0)


def test_a_kernel_costs_a_forward_pass_and_for_each_output_the_gradients_and_their_inner_products():
    parameters = sum(SMALL.sizes.values())
    points, inner = (3 + 4) * FORWARD, 2 * 3 * 4 * parameters
    assert cost.kernel_flops(SMALL, 3, 4, outputs=1) == 3 * points + inner
    assert cost.kernel_flops(SMALL, 3, 4, outputs=5, pairings=2) == (1 + 2 * 5) * points + 5 * 2 * inner


@pytest.mark.parametrize(("kind", "prompts"), [("bert", "of_classes"), ("roberta", "of_texts")])
def test_a_text_encoder_has_the_parameters_that_are_counted(kind, prompts):
    """And its matrices' FLOPs are those of torch's own counter."""
    import torch
    from torch.utils.flop_counter import FlopCounterMode

    from lib.models.encoders.text import TextEncoder
    from lib.text_cost import TextTower

    config = {
        "model_type": kind,
        "vocab_size": 11,
        "hidden_size": 8,
        "num_hidden_layers": 2,
        "num_attention_heads": 2,
        "intermediate_size": 12,
        "max_position_embeddings": 10,
        "type_vocab_size": 2,
        "hidden_act": "gelu",
        "layer_norm_eps": 1e-5,
        "pad_token_id": 1,
    }
    tower = TextTower.of({"config": config, "prompts": prompts}, tokens=6)
    encoder = TextEncoder(config, prompts, mask=5)
    assert tower.sizes == {name: math.prod(shape) for name, shape in encoder.shapes.items()}
    assert tower.size_of_all == sum(tower.sizes.values())
    theta = {name: torch.zeros(shape) for name, shape in encoder.shapes.items()}
    with FlopCounterMode(display=False) as counted:
        encoder.value(theta, torch.tensor([[[2, 3, 5, 4, 6, 1], [1, 1, 1, 1, 1, 0]]]))
    assert counted.get_total_flops() == cost.evaluation_flops(tower, tangent=False)
