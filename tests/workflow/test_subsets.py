"""Addition with subsets of the task vectors, as its script writes it, against addition's own script on each subset."""

import json
from importlib import import_module
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
import torch
from PIL import Image

from lib.data import preparing
from lib.data.raw_task import RawSplit
from lib.editing import subsets as enumeration
from lib.files import checkpoints, predictions
from lib.models.architectures import read_configuration
from lib.models.clip import tower_parameters
from lib.training import modes
from tests.lib.data.raw_images import same
from tests.workflow.conftest import make_clip
from workflow_scripts.editing import addition, single_task, subsets
from workflow_scripts.editing.evaluation import Evaluation

TASKS, CLASSES, SIZES = ["a", "b", "c", "d"], 4, {"val": 60, "test": 80}
ALPHAS = [0.0, 0.25, 0.5, 0.75, 1.0]
SAMPLE = {"sampled": 2, "seed": 0}


@pytest.fixture(scope="module")
def world(tmp_path_factory):
    """Four tasks of random images, a tower with a task vector and a head for each; labels that a task's own tangent
    model is mostly right on, so that accuracies move with the vectors that are added.
    """
    import open_clip

    root, generator = tmp_path_factory.mktemp("world"), torch.Generator().manual_seed(0)
    make_clip(root)
    configuration = read_configuration("tiny", root)
    torch.manual_seed(0)
    theta_0 = {name: value.detach() for name, value in tower_parameters(open_clip.CLIP(**configuration)).items()}
    checkpoints.save(root / "theta_0.safetensors", theta_0)
    heads = {task: 5 * torch.randn(CLASSES, 32, generator=generator) for task in TASKS}
    for number, task in enumerate(TASKS):
        tau = {name: 0.08 * torch.randn(value.shape, generator=generator) for name, value in theta_0.items()}
        checkpoints.save(root / f"{task}.safetensors", tau)
        (root / task).mkdir()
        for split, n in SIZES.items():
            write(root / task, split, images(number, split, n), np.zeros(n, np.int64))
    made = World(root, configuration, theta_0, heads)
    for number, task in enumerate(TASKS):
        for split, n in SIZES.items():
            evaluation = made.evaluation("linear")
            own, _ = evaluation.predictions([evaluation.vector(made.taus[task])], torch.ones(1, 1), task, split)
            labels, rng = own[0].numpy().copy(), np.random.default_rng(number)
            labels[rng.permutation(n)[: n // 5]] = 0
            write(root / task, split, images(number, split, n), labels)
    return made


def images(number, split, n):
    return np.random.default_rng([number, len(split)]).integers(0, 256, (n, 16, 16, 3), np.uint8)


def write(folder, split, pixels, labels):
    raw = RawSplit(labels, lambda row: Image.fromarray(pixels[row]))
    preparing.write(folder, split, raw, np.arange(len(labels)), crop=same)


class World:
    def __init__(self, root, configuration, theta_0, heads):
        self.root, self.configuration, self.theta_0, self.heads = root, configuration, theta_0, heads
        self.taus = {task: root / f"{task}.safetensors" for task in TASKS}
        self._found = {}

    def evaluation(self, mode, tasks=TASKS) -> Evaluation:
        known = modes.get(mode)
        return Evaluation(
            encoder=known.image_encoder(self.configuration),
            edited=import_module(known.predictions_module),
            theta_0=self.theta_0,
            data={task: self.root / task for task in tasks},
            heads={task: self.heads[task] for task in tasks},
            batch_size=32,
            precision="float32",
            device="cpu",
        )

    def single_task(self, mode) -> Path:
        file = self.root / f"{mode}.csv"
        if not file.exists():
            stored = file.with_suffix(".npz")
            single_task.main(self.evaluation(mode), self.taus, str(file), str(stored), identity=identity(mode))
        return file

    def subsets(self, mode) -> tuple[pd.DataFrame, pd.DataFrame]:
        """The sweep and the tested rows."""
        if mode not in self._found:
            self._found[mode] = self.run(mode, self.root / f"{mode}-subsets")
        return self._found[mode]

    def run(self, mode, folder, sample=SAMPLE) -> tuple[pd.DataFrame, pd.DataFrame]:
        tangent = modes.get(mode).tangent
        given = {"sample": None if tangent else sample, "at_once": tangent, "alphas": ALPHAS}
        subsets.main(self.evaluation(mode), self.taus, self.single_task(mode), folder, **given, identity=identity(mode))
        return tuple(pd.read_csv(folder / f"{name}.csv") for name in ("sweep_val", "subsets"))

    def predicted(self, mode, subset) -> dict[str, np.ndarray]:
        """Task -> what the subset's model predicts on its test images."""
        names = list(self.subsets(mode)[1]["subset"].unique())
        found = predictions.read(self.root / f"{mode}-subsets/predictions.npz")
        return {task: found[task, "test"][names.index("+".join(subset))] for task in TASKS}

    def addition(self, mode, tasks, folder) -> tuple[pd.DataFrame, dict, pd.DataFrame]:
        """The sweep, the choice and the tested rows of addition's own script with these tasks alone."""
        single = pd.read_csv(self.single_task(mode))
        folder.mkdir()
        single[single["task"].isin(tasks)].to_csv(folder / "single_task.csv", index=False)
        addition.main(
            self.evaluation(mode, tasks),
            {task: self.taus[task] for task in tasks},
            folder / "single_task.csv",
            folder,
            rule="lib.editing.merging.sum",
            settings={},
            statistics={},
            alphas=ALPHAS,
            random_init=False,
            identity={**identity(mode), "rule": "sum"},
        )
        choice = json.loads((folder / "choice.json").read_text())
        return pd.read_csv(folder / "sweep_val.csv"), choice, pd.read_csv(folder / "test.csv")


def identity(mode):
    return {"model": "tiny", "seed": 0, "mode": mode}


def values(frame, *columns):
    return frame[list(columns)].reset_index(drop=True)


TEN = [subset for subset in enumeration.every_subset(TASKS) if len(subset) > 1][:10]


@pytest.mark.parametrize("subset", TEN, ids="+".join)
def test_a_tangent_models_subset_from_the_one_pass_is_what_addition_finds_for_its_tasks(world, subset, tmp_path):
    """Ten subsets, each merged and evaluated on its own: sweep, alpha and test accuracies equal to the image."""
    sweep, tested = (frame[frame["subset"] == "+".join(subset)] for frame in world.subsets("linear"))
    direct_sweep, choice, direct_test = world.addition("linear", list(subset), tmp_path / "addition")
    assert direct_sweep["accuracy"].nunique() > 3  # the sweep is no constant
    columns = ("alpha", "task", "accuracy", "n")
    pd.testing.assert_frame_equal(values(sweep, *columns), values(direct_sweep, *columns))
    assert set(tested["alpha"]) == {choice["alpha"]}
    columns = ("alpha", "task", "accuracy", "normalized", "n")
    pd.testing.assert_frame_equal(values(tested[tested["own"]], *columns), values(direct_test, *columns))
    direct = predictions.read(tmp_path / "addition/predictions.npz")
    for task in subset:
        assert np.array_equal(world.predicted("linear", subset)[task], direct[task, "test"][0])


def test_the_tasks_outside_a_subset_are_tested_with_its_model(world):
    evaluation, (_, tested) = world.evaluation("linear"), world.subsets("linear")
    for name, rows in tested[tested["size"] == 2].groupby("subset"):
        merged = sum(evaluation.vector(world.taus[task]) for task in name.split("+"))
        for row in rows[~rows["own"]].to_dict("records"):
            found, labels = evaluation.predictions([merged], torch.tensor([[row["alpha"]]]), row["task"], "test")
            assert row["accuracy"] == float((found[0] == labels).double().mean()), (name, row["task"])
            assert np.array_equal(world.predicted("linear", name.split("+"))[row["task"]], found[0])


@pytest.mark.parametrize("mode", ["standard", "linear", "posthoc", "linear-2"])
def test_the_set_of_all_tasks_is_additions_own_result(world, mode, tmp_path):
    sweep, tested = (frame[frame["subset"] == "a+b+c+d"] for frame in world.subsets(mode))
    direct_sweep, choice, direct_test = world.addition(mode, TASKS, tmp_path / "addition")
    columns = ("alpha", "task", "accuracy", "n")
    pd.testing.assert_frame_equal(values(sweep, *columns), values(direct_sweep, *columns))
    columns = ("alpha", "task", "accuracy", "normalized", "n")
    pd.testing.assert_frame_equal(values(tested, *columns), values(direct_test, *columns))
    assert choice["alpha"] in ALPHAS


def test_a_single_tasks_sweep_ends_at_the_tasks_own_model(world):
    for mode in ("standard", "linear"):
        sweep, _ = world.subsets(mode)
        ends = sweep[(sweep["alpha"] == 1) & sweep["subset"].isin(TASKS)].set_index("task")["accuracy"]
        single = pd.read_csv(world.single_task(mode))
        assert ends.to_dict() == single[single["split"] == "val"].set_index("task")["accuracy"].to_dict()


@pytest.mark.parametrize(("mode", "count"), [("linear", 15), ("standard", 4 + 6 + 2 + 1)])
def test_files_hold_every_subset_once_with_its_own_tasks_on_val_and_all_on_test(world, mode, count):
    sweep, tested = world.subsets(mode)
    names = tested["subset"].unique()
    assert len(names) == count and len(tested) == 4 * count
    assert not tested.duplicated(["subset", "task"]).any()
    assert len(sweep) == len(ALPHAS) * sum(len(name.split("+")) for name in names)
    assert not sweep.duplicated(["subset", "alpha", "task"]).any()
    for row in tested.to_dict("records"):
        tasks = row["subset"].split("+")
        assert row["size"] == len(tasks) and row["own"] == (row["task"] in tasks) and row["n"] == SIZES["test"]
    assert set(sweep["n"]) == {SIZES["val"]}
    assert (tested[["model", "seed", "mode"]].drop_duplicates().to_numpy().tolist()) == [["tiny", 0, mode]]


def test_blocks_of_images_change_nothing(world, tmp_path, monkeypatch):
    monkeypatch.setattr(subsets, "_HELD", 1)
    world.run("linear", tmp_path)
    world.subsets("linear")
    for name in ("sweep_val.csv", "subsets.csv", "predictions.npz"):
        assert (tmp_path / name).read_bytes() == (world.root / "linear-subsets" / name).read_bytes()
