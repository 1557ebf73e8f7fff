"""Learned coefficients and moments, as their scripts write them, and what addition makes of them."""

import json
import shutil
from dataclasses import replace
from types import SimpleNamespace

import numpy as np
import pandas as pd
import pytest
import torch

from lib.editing.merging_rules import RULES
from lib.files import checkpoints
from lib.training import modes
from tests.workflow.test_subsets import SIZES, TASKS, identity, images, world, write
from workflow_scripts.configuration import resolution
from workflow_scripts.configuration.entries import Merging
from workflow_scripts.editing import addition, coefficients
from workflow_scripts.kernels import moments
from workflow_scripts.kernels.tower import Tower

__all__ = ["world"]
LEARNED = [name for name, rule in RULES.items() if rule.learned]


def learned(mode, rule, **given):
    return resolution.learned(SimpleNamespace(merging=[Merging(rule, **given)]), mode, rule)


def learn(world, mode, rule, folder, steps=20, **more):
    """What a rule's coefficients are, from a copy of the run that has no other split than the rule's own."""
    told = learned(mode, rule, steps=steps) | more
    data = {}
    for task in TASKS:
        data[task] = folder / task
        data[task].mkdir(parents=True, exist_ok=True)
        for file in (world.root / task).glob(f"{told['split']}.*"):
            shutil.copy(file, data[task])
    file = folder / "coefficients.json"
    evaluation = replace(world.evaluation(mode), data=data)
    coefficients.main(evaluation, world.taus, file, **told, identity=identity(mode))
    return json.loads(file.read_text())["coefficients"]


def told_split(rule):
    return "test" if rule.endswith("-transductive") else "val"


def add(world, mode, rule, folder, alphas, statistics):
    known = RULES[rule]
    addition.main(
        world.evaluation(mode),
        world.taus,
        world.single_task(mode),
        folder,
        rule=known.module,
        settings=known.settings,
        statistics=statistics,
        alphas=alphas,
        random_init=False,
        identity=identity(mode) | {"rule": rule},
    )
    return [pd.read_csv(folder / name) for name in ("sweep_val.csv", "test.csv")]


@pytest.mark.parametrize("rule", LEARNED)
@pytest.mark.parametrize("mode", ["standard", "linear"])
def test_each_rule_reads_its_own_split_and_no_other(world, mode, rule, tmp_path):
    """val, unless its name says otherwise: the folders hold nothing else."""
    found = learn(world, mode, rule, tmp_path, steps=1)
    assert {file.name.split(".")[0] for file in (tmp_path / "a").iterdir()} == {told_split(rule)}
    start, rate = RULES[rule].learned["learning"]["start"], RULES[rule].learned["learning"]["learning_rate"]
    numbers = [v for value in found.values() for v in (value.values() if isinstance(value, dict) else [value])]
    assert len(numbers) == len(TASKS) * (len(world.theta_0) if "-tensors" in rule else 1)
    assert np.abs(np.array(numbers) - start).max() == pytest.approx(rate, rel=0.01)  # a step of Adam


def test_features_and_the_model_itself_lead_to_the_same_coefficients(world, tmp_path):
    found = [learn(world, "linear", "atlas", tmp_path / str(way), features=way) for way in (True, False)]
    assert found[0].keys() == found[1].keys() == set(TASKS)
    assert list(found[0].values()) == pytest.approx(list(found[1].values()), abs=1e-4)


def test_the_same_seed_gives_the_same_bytes(world, tmp_path):
    for name in ("one", "two"):
        learn(world, "standard", "adamerging", tmp_path / name, steps=3)
    assert (tmp_path / "one/coefficients.json").read_bytes() == (tmp_path / "two/coefficients.json").read_bytes()


@pytest.mark.parametrize("mode", ["standard", "linear"])
def test_equal_coefficients_give_the_sums_row(world, mode, tmp_path):
    file = tmp_path / "coefficients.json"
    file.write_text(json.dumps({"coefficients": dict.fromkeys(TASKS, 0.5)}))
    (tmp_path / "sum").mkdir(), (tmp_path / "atlas").mkdir()
    swept, _ = add(world, mode, "sum", tmp_path / "sum", [0.0, 0.5, 1.0], {})
    row, _ = add(world, mode, "atlas", tmp_path / "atlas", [1.0], {"coefficients": dict.fromkeys(TASKS, file)})
    expected = swept[swept["alpha"] == 0.5].set_index("task")["accuracy"]
    assert row.set_index("task")["accuracy"].to_dict() == expected.to_dict()


def test_a_rule_that_declares_less_than_it_reads_fails(world, tmp_path):
    with pytest.raises(KeyError, match="coefficients"):
        add(world, "linear", "atlas", tmp_path, [1.0], {})
    with pytest.raises(KeyError, match="gram"):
        add(world, "linear", "regmean", tmp_path, [1.0], {})


@pytest.mark.parametrize("mode", ["standard", "linear"])
def test_moments_of_training_images_are_merged_by(world, mode, tmp_path):
    known, files = modes.get(mode), {"gram": {}, "fisher": {}}
    tower = Tower(known.image_encoder(world.configuration), world.theta_0, "cpu")
    for number, task in enumerate(TASKS):
        data, head = tmp_path / task, tmp_path / f"{task}-head.safetensors"
        data.mkdir()
        write(data, "fit", images(number, "fit", 20), np.zeros(20, np.int64))
        checkpoints.save(head, {"weight": world.heads[task]})
        made = {kind: tmp_path / f"{task}-{kind}.safetensors" for kind in files}
        moments.main(tower, world.taus[task], head, data, made, tangent=known.tangent, images=18, seed=0)
        for kind, file in made.items():
            files[kind][task] = file
    grams = [checkpoints.load(file) for file in files["gram"].values()]
    first = "transformer.resblocks.0.mlp.c_fc.weight@0"
    assert all(torch.isfinite(value).all() for found in grams for value in found.values())
    assert not torch.equal(grams[0][first], grams[1][first])
    assert checkpoints.load(files["fisher"]["a"]).keys() == world.theta_0.keys()
    for rule, kind in (("regmean", "gram"), ("fisher", "fisher")):
        (tmp_path / rule).mkdir()
        sweep, tested = add(world, mode, rule, tmp_path / rule, [1.0], {kind: files[kind]})
        assert len(tested) == len(TASKS) and sweep["n"].eq(SIZES["val"]).all()


def test_of_a_tangent_model_inputs_are_those_at_theta_0(world, tmp_path):
    tower = Tower(modes.get("linear").image_encoder(world.configuration), world.theta_0, "cpu")
    write(tmp_path, "fit", images(0, "fit", 6), np.zeros(6, np.int64))
    found = []
    for task in TASKS[:2]:
        file = tmp_path / f"{task}.safetensors"
        moments.main(tower, world.taus[task], tmp_path, tmp_path, {"gram": file}, tangent=True, images=6, seed=0)
        found.append(checkpoints.load(file))
    assert all(torch.equal(found[0][name], found[1][name]) for name in found[0])


def test_what_a_mode_and_a_rule_make_of_each_other():
    assert learned("linear", "atlas")["features"] and not learned("standard", "atlas")["features"]
    assert not learned("linear", "atlas-tensors")["features"]
    for rule in LEARNED:
        told = learned("standard", rule)
        assert (told["split"] == "test") == RULES[rule].transductive == rule.endswith("-transductive")
    assert learned("linear", "adamerging")["objective"] == "entropy"


def test_a_configuration_gives_steps_and_learning_rate_of_its_own():
    own = learned("linear", "atlas")["learning"]
    assert (own["steps"], own["learning_rate"]) == (500, 1e-3)
    assert learned("linear", "atlas", steps=9, learning_rate=0.5)["learning"] == own | {
        "steps": 9,
        "learning_rate": 0.5,
    }
    assert own == learned("linear", "atlas")["learning"]
