"""The modes: what each trains, by which modules, and whose vectors it uses."""

from importlib import import_module

import pytest

from lib.training import modes
from lib.training.modes import MODES, Mode

NAMES = [
    "conv1.weight",
    "transformer.resblocks.0.attn.in_proj_weight",
    "transformer.resblocks.0.attn.in_proj_bias",
    "transformer.resblocks.0.attn.out_proj.weight",
    "transformer.resblocks.0.attn.out_proj.bias",
    "transformer.resblocks.0.mlp.c_fc.weight",
    "proj",
]


def test_posthoc_owns_no_checkpoints():
    assert modes.get("posthoc").vectors_of == "standard" and not modes.get("posthoc").owns_checkpoints
    with pytest.raises(ValueError, match="known modes: standard, posthoc, linear, linear-2"):
        modes.get("nonlinear")


def test_linear_2_trains_the_attention_weights_and_every_other_mode_everything():
    of_attention = {"linear-2", "linear-2-orthoreg"}
    assert all(modes.get(name).trained(NAMES) == [NAMES[1], NAMES[3]] for name in of_attention)
    without_inputs = {"linear-tak", "linear-tak-paper"}  # as Porrello et al. 2026: no kernel, no positions
    assert all(modes.get(name).trained(NAMES) == NAMES[1:] for name in without_inputs)
    others = MODES.keys() - of_attention - without_inputs
    assert all(MODES[name].trained(NAMES) == NAMES for name in others)


def test_what_reads_more_images_takes_no_part_in_few_shot_fine_tuning():
    assert {name for name, mode in MODES.items() if mode.others or mode.own} == {
        *("linear-taujp", "standard-talos", "linear-tak", "linear-tak-paper"),
    }
    assert not any("analogy" in mode.evaluations for mode in MODES.values() if mode.others or mode.own)


@pytest.mark.parametrize("mode", MODES.values(), ids=MODES)
def test_the_modules_that_a_mode_names_have_what_they_are_named_for(mode):
    assert callable(import_module(mode.objective_module).objective)
    assert callable(import_module(mode.encoder_module).image_encoder)
    assert mode.predictions is import_module(mode.predictions_module).predictions
    assert ("tangent" in mode.encoder_module, "tangent" in mode.predictions_module) == (mode.tangent, mode.tangent)
    assert modes.get(mode.vectors_of).owns_checkpoints
    assert set(mode.evaluations) <= set(modes.EVALUATIONS) and mode.forgetting in (-1, +1)


def test_only_gradient_ascent_forgets_along_its_own_vector():
    assert {name for name, mode in MODES.items() if mode.forgetting == +1} == {"gradient-ascent"}
    assert modes.get("gradient-ascent").evaluations == ("single_task", "negation")


def test_a_mode_of_ones_own_trains_what_its_patterns_match():
    assert Mode("biases", vectors_of="biases", trains=("*bias",)).trained(NAMES) == [NAMES[2], NAMES[4]]
