"""Methods that change fine-tuning: which jobs they add, what those read, and that their scripts do it."""

import re

import numpy as np
import open_clip
import pytest
import torch
from PIL import Image

from lib.data import preparing
from lib.data.raw_task import RawSplit
from lib.files import checkpoints
from lib.training.curvature import load
from lib.training.modes import CURVATURE, MODES
from tests.workflow.conftest import planned, run_snakemake
from workflow_scripts.configuration import resolution
from workflow_scripts.configuration.participation import curvatures
from workflow_scripts.kernels.tower import Tower
from workflow_scripts.training import curvature as curvature_script
from workflow_scripts.training import finetune as finetune_script

METHODS = ["linear-orthoreg", "linear-taujp", "linear-tak", "linear-tak-paper", "standard-talos"]
SHAPE = {
    "embed_dim": 8,
    "quick_gelu": True,
    "vision_cfg": {"image_size": 8, "patch_size": 4, "width": 16, "layers": 2, "head_width": 8},
    "text_cfg": {"context_length": 8, "vocab_size": 32, "width": 16, "heads": 2, "layers": 1},
}


@pytest.fixture
def with_methods(config):
    config["modes"] += METHODS
    rates = config["finetune"]["learning_rate"]
    rates |= dict.fromkeys((mode for mode in METHODS if mode != "linear-tak-paper"), 1e-3)
    return config


def test_each_mode_trains_and_the_curvature_of_a_task_is_made_once(with_methods, config, tmp_path):
    tasks = len(config["tasks"])
    jobs = planned(tmp_path, with_methods)
    assert jobs["finetune"] == tasks * len([mode for mode in config["modes"] if MODES[mode].owns_checkpoints])
    assert jobs["curvature"] == tasks


def test_a_job_reads_what_its_mode_declares_and_nothing_else(with_methods, tmp_path):
    base = "results/tiny/tiny/seed0"
    targets = [f"{base}/{mode}/Signs/theta.safetensors" for mode in ("linear", *METHODS)]
    done = run_snakemake(tmp_path, "--dry-run", *targets, "--quiet", "host", config=with_methods)
    assert done.returncode == 0, done.stdout[-3000:]
    jobs = re.findall(r"rule finetune:\n\s+input: (.*)\n\s+output: \S*/(\S+)/Signs/theta", done.stdout)
    inputs = {mode: listed for listed, mode in jobs}
    plain = set(inputs["linear"].split(", "))
    extra = {mode: {file.removeprefix("results/tiny/") for file in set(inputs[mode].split(", ")) - plain}
             for mode in METHODS}  # fmt: skip
    data = {split: {f"data/{task}/{split}{end}" for end in (".images.bin", ".index.npz", ".json")}
            for task, split in (("Scenes", "fit"), ("Signs", "val"))}  # fmt: skip
    factors = {"tiny/curvature/Scenes.safetensors", "tiny/curvature/Scenes.safetensors.sha256"}
    assert extra == {
        "linear-orthoreg": set(),
        "linear-taujp": data["fit"],
        "linear-tak": factors,
        "linear-tak-paper": factors,
        "standard-talos": data["val"],
    }


def test_the_papers_rate_is_the_modes_own_unless_the_configuration_states_one(with_methods):
    from workflow_scripts.configuration.benchmark import load as benchmark

    assert resolution.recipe(benchmark(with_methods), "linear-tak-paper")["learning_rate"] == 3e-4
    with_methods["finetune"]["learning_rate"]["linear-tak-paper"] = 0.5
    assert resolution.recipe(benchmark(with_methods), "linear-tak-paper")["learning_rate"] == 0.5
    assert resolution.recipe(benchmark(with_methods), "linear-tak")["learning_rate"] == 1e-3


def test_curvatures_are_of_the_tasks_that_others_read():
    trainings = [{"model": "m", "mode": mode, "task": task} for mode in ("linear", "linear-tak") for task in "ab"]
    assert curvatures(trainings, ["a", "b"]) == [{"model": "m", "task": "b"}, {"model": "m", "task": "a"}]
    assert curvatures(trainings[:2], ["a", "b"]) == []
    assert curvatures(trainings[2:3], ["a", "b"]) == [{"model": "m", "task": "b"}]
    every = [{"model": "m", "task": "b"}, {"model": "m", "task": "a"}, {"model": "o", "task": "a"}]
    assert curvatures(trainings[2:3], ["a", "b"], ["m", "o"]) == [*every, {"model": "o", "task": "b"}]


@pytest.fixture
def files(tmp_path):
    """theta_0, a head, and two tasks' fit and val, of which val has the tower's size."""
    torch.manual_seed(0)
    tower = open_clip.CLIP(**SHAPE).visual
    checkpoints.save(tmp_path / "theta.safetensors", dict(tower.named_parameters()))
    checkpoints.save(tmp_path / "head.safetensors", {"weight": 10 * torch.eye(8)[:4]})
    generator = np.random.default_rng(0)
    for task in ("own", "other"):
        for split, n, sides in (("fit", 20, (9, 12)), ("val", 5, (8, 8))):
            pixels = generator.integers(0, 256, (n, *sides, 3), np.uint8)
            raw = RawSplit(np.arange(n) % 4, lambda row, pixels=pixels: Image.fromarray(pixels[row]))
            preparing.write(tmp_path / task, split, raw, np.arange(n), crop=lambda image: image)
    return tmp_path


def make_curvature(files, **drawn):
    encoder = resolution.curvature()["encoder"]
    tower = Tower.of(files / "theta.safetensors", encoder=encoder, architecture=SHAPE, device="cpu")
    path = files / "curvature.safetensors"
    curvature_script.main(
        tower, files / "other", path, trains=resolution.curvature()["trains"], **{**CURVATURE, **drawn}
    )
    return path


def test_the_curvatures_script_draws_images_and_stores_the_tasks_size(files):
    found = load(make_curvature(files, images=11))
    assert found.size == 20 and len(found.layers) == 2 * 4 + 1
    again = load(make_curvature(files, images=11))
    assert all(torch.equal(again.layers[name].outputs, layer.outputs) for name, layer in found.layers.items())
    other = load(make_curvature(files, images=11, seed=1))
    assert not torch.allclose(other.layers["proj"].outputs, found.layers["proj"].outputs)


@pytest.mark.parametrize("mode", METHODS)
def test_fine_tunings_script_trains_in_every_mode(files, mode):
    kinds = {
        "fit": {"other": str(files / "other/fit.images.bin")},
        "curvature": {"other": str(make_curvature(files)) if mode.startswith("linear-tak") else ""},
        "own_val": {"own": str(files / "own/val.images.bin")},
    }
    chosen = MODES[mode]
    declared = [*chosen.others, *(f"own_{kind}" for kind in chosen.own)]
    recipe = {"batch_size": 8, "learning_rate": 1e-3, "weight_decay": 0.1, "clip_norm": 1.0, "warmup": 1}
    finetune_script.main(
        files / "theta.safetensors",
        files / "head.safetensors",
        files / "own",
        files / "trained.safetensors",
        files / "log.csv",
        files / "state.safetensors",
        identity={"model": "m", "seed": 0, "mode": mode, "task": "own"},
        architecture=SHAPE,
        training=resolution.training(mode),
        others={kind: kinds[kind] for kind in declared},
        image_size=8,
        epochs=1,
        accumulate=1,
        recipe={**recipe, "betas": [0.9, 0.999], "epsilon": 1e-8, "precision": "float32"},
        threads=1,
        activation_checkpointing=False,
        read_every=1,
        save_every_seconds=600,
        device="cpu",
        fingerprint="",
    )
    theta_0, theta = (checkpoints.load(files / f"{name}.safetensors") for name in ("theta", "trained"))
    moved = sum(int((theta[name] != value).sum()) for name, value in theta_0.items())
    elements = sum(value.numel() for value in theta_0.values())
    assert 0 < moved <= (0.1 * elements + 1 if mode == "standard-talos" else elements)
