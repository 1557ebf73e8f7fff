"""LiNeS: the sum scaled by depth, under the names of every kind of model in the project."""

import pytest
import torch

from lib.editing.merging import lines
from lib.editing.task_vector import TaskVector
from lib.text_cost import TextTower
from tests.lib.editing.merging.test_merging import close, vector

SHAPES = {"proj": (2, 2), **{f"transformer.resblocks.{i}.ln_1.weight": (3,) for i in range(3)}}
TAUS = {task: vector(seed, SHAPES) for seed, task in enumerate(("Cars", "DTD"))}


def test_without_depth_it_is_the_sum_at_alpha_one_over_t():
    close(lines.merge(TAUS, {}, {"beta": 0.0}), sum(TAUS.values()) / 2)


def test_scales_by_hand():
    found, total = lines.merge(TAUS, {}, {"beta": 0.4}), sum(TAUS.values())
    scales = {"proj": 0.5, **{f"transformer.resblocks.{i}.ln_1.weight": 0.5 + 0.2 * i for i in range(3)}}
    close(found, TaskVector({name: scale * total[name] for name, scale in scales.items()}))


def test_blocks_of_open_clips_towers(tower):
    names = [name for name, _ in tower.named_parameters()]
    found = lines.depths(names)
    assert found["transformer.resblocks.0.attn.in_proj_weight"] == 0.0
    assert found["transformer.resblocks.1.mlp.c_fc.bias"] == 0.5
    assert found["transformer.resblocks.2.ln_2.weight"] == 1.0
    assert {name for name in names if name not in found} == {
        "class_embedding", "positional_embedding", "proj", "conv1.weight",
        "ln_pre.weight", "ln_pre.bias", "ln_post.weight", "ln_post.bias",
    }  # fmt: skip


def test_blocks_of_text_encoders():
    sizes = {"tokens": 4, "vocabulary": 9, "positions": 8, "types": 2, "embed_dim": 4, "layers": 12, "hidden": 8}
    names = TextTower(**sizes, language_head=True).sizes
    found = lines.depths(names)
    assert found["encoder.layer.0.attention.self.query.weight"] == 0.0
    assert found["encoder.layer.11.output.dense.weight"] == 1.0
    assert all((name in found) == name.startswith("encoder.layer.") for name in names)


def test_one_block_alone_has_depth_zero():
    assert lines.depths(["transformer.resblocks.0.ln_1.weight", "proj"]) == {"transformer.resblocks.0.ln_1.weight": 0.0}


def test_a_model_without_blocks_is_refused():
    with pytest.raises(ValueError, match="no parameter's name contains 'resblocks.N.' or 'encoder.layer.N.'"):
        lines.merge({"DTD": TaskVector({"layer1.0.conv.weight": torch.ones(2)})}, {}, {"beta": 0.5})
