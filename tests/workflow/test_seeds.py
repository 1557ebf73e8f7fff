"""What is random in a task depends on the seed and on that task alone: not on which other tasks a run has, nor on their
order.
"""

import copy
import json
import random
import subprocess
import sys
from types import SimpleNamespace

import numpy as np
import pytest
import torch
import yaml
from PIL import Image

from lib.data import prepared, preparing
from lib.data.raw_task import RawSplit
from lib.data.splits import fit_and_validation
from lib.data.training_batches import TrainingData
from tests.lib.data.raw_images import same
from tests.workflow.conftest import ROOT, synthetic
from workflow_scripts.editing import disentanglement

SIZES = {"Scenes": 40, "Signs": 40, "Letters": 56}  # two of one size: equal rows are no accident of the size
ORDERS = (["Scenes"], ["Scenes", "Signs"], ["Signs", "Scenes"], ["Letters", "Signs", "Scenes"])


@pytest.fixture(scope="module")
def folders(tmp_path_factory):
    """A prepared fit and test split of each task."""
    root = tmp_path_factory.mktemp("data")
    for number, (task, n) in enumerate(SIZES.items()):
        pixels = np.random.default_rng(number).integers(0, 256, (n, 8, 8, 3), np.uint8)
        raw = RawSplit(np.arange(n) % 4, lambda row, pixels=pixels: Image.fromarray(pixels[row]))
        (root / task).mkdir()
        for split in ("fit", "test"):
            preparing.write(root / task, split, raw, np.arange(n), crop=same)
    return {task: root / task for task in SIZES}


def disturb():
    """Move every global generator on, as work on another task might."""
    random.random(), np.random.random(7), torch.rand(7)


# in the library


def batches(folder, seed):
    """Rows and crop boxes of every step of two epochs."""
    data = TrainingData(prepared.read(folder, "fit"), batch_size=16, image_size=8, seed=seed)
    steps = range(2 * data.steps_per_epoch)
    return [(data.rows(step).tolist(), data.gather(step, [slice(None)])[0].boxes.tolist()) for step in steps]


@pytest.mark.parametrize("order", ORDERS)
def test_training_rows_and_crops_of_a_task_are_the_same_among_any_others(folders, order):
    alone = batches(folders["Scenes"], 0)
    found = {}
    for task in order:
        disturb()
        found[task] = batches(folders[task], 0)
    assert found["Scenes"] == alone
    assert batches(folders["Scenes"], 1) != alone


def test_steps_of_tasks_in_turn_are_those_of_each_alone(folders):
    data = {
        task: TrainingData(prepared.read(folder, "fit"), batch_size=16, image_size=8, seed=0)
        for task, folder in folders.items()
    }
    alone = {task: [one.rows(step).tolist() for step in range(4)] for task, one in data.items()}
    for step in range(4):
        for task in reversed(data):
            assert data[task].rows(step).tolist() == alone[task][step]


@pytest.mark.parametrize("order", ORDERS)
def test_the_split_of_a_task_is_the_same_among_any_others(order):
    rule = {"seed": 0, "fraction": 0.4, "maximum": 5000}
    alone = [part.tolist() for part in fit_and_validation(SIZES["Scenes"], **rule)]
    found = {}
    for task in order:
        disturb()
        found[task] = [part.tolist() for part in fit_and_validation(SIZES[task], **rule)]
    assert found["Scenes"] == alone


def test_no_global_generator_is_touched(folders):
    before = random.getstate(), np.random.get_state()[1].tolist(), torch.get_rng_state().tolist()
    batches(folders["Scenes"], 0)
    fit_and_validation(40, seed=0, fraction=0.4, maximum=5000)
    disentanglement_rows(folders, [("Scenes", "Signs")])
    assert before == (random.getstate(), np.random.get_state()[1].tolist(), torch.get_rng_state().tolist())


def disentanglement_rows(folders, pairs, seed=0):
    """task -> the test images that its predictions are asked for, in each pair."""
    asked = []

    def comparisons(pair, coefficients, references, task, split, rows):
        asked.append((task, rows.tolist()))
        return torch.zeros(len(coefficients), len(rows), dtype=torch.int64), torch.zeros(len(coefficients), len(rows))

    evaluation = SimpleNamespace(data=folders, vector=lambda path: path, comparisons=comparisons)
    places = [folders["Scenes"].parent / name for name in ("grids", "outcomes")]
    names = [{pair: place / f"{'-'.join(pair)}.npz" for pair in pairs} for place in places]
    whose = {"model": "m", "seed": 0, "mode": "standard"}
    values = {"alphas": [0.0, 1.0], "images": 20, "seed": seed, "identity": whose}
    disentanglement.main(evaluation, dict.fromkeys(folders, "tau"), *names, **values)
    return asked


def test_images_of_the_heatmaps_are_the_same_in_any_pair(folders):
    alone = dict(disentanglement_rows(folders, [("Scenes", "Signs")]))
    for pairs in ([("Signs", "Scenes")], [("Letters", "Scenes"), ("Scenes", "Signs")], [("Scenes", "Letters")]):
        disturb()
        rows = [rows for task, rows in disentanglement_rows(folders, pairs) if task == "Scenes"]
        assert rows and all(one == alone["Scenes"] for one in rows)
    assert dict(disentanglement_rows(folders, [("Scenes", "Signs")], seed=1)) != alone


# in the workflow

PLAN = """
import contextlib, io, json, os, sys
from pathlib import Path
from snakemake.api import SnakemakeApi
from snakemake.settings.enums import Quietness
from snakemake.settings.types import ConfigSettings, DAGSettings, OutputSettings, ResourceSettings

with contextlib.redirect_stdout(io.StringIO()), SnakemakeApi(OutputSettings(dryrun=True, quiet={Quietness.ALL})) as api:
    workflow = api.workflow(
        resource_settings=ResourceSettings(),
        config_settings=ConfigSettings(configfiles=[Path(sys.argv[1])]),
        snakefile=Path("Snakefile").resolve(),
        workdir=Path(sys.argv[2]),
    )
    workflow.dag(DAGSettings()).execute_workflow(executor="dryrun")
    jobs = {
        job.output.provenance: [job.rule.name, dict(job.params), sorted(map(str, job.input))]
        for job in workflow._workflow.dag.jobs
        if not job.rule.norun
    }
print(json.dumps(jobs, default=str), flush=True)
os._exit(0)
"""
OF_ONE_TASK = ("prepare", "prepare_control", "head", "finetune", "task_vector", "negation")


def plan(folder, config):
    """The path of a job's record -> (rule, params, inputs), for the jobs of a configuration that belong to one task."""
    folder.mkdir()
    file = folder / "config.yaml"
    file.write_text(yaml.safe_dump(config))
    words = [sys.executable, "-c", PLAN, str(file), str(folder)]
    done = subprocess.run(words, cwd=ROOT, capture_output=True, text=True, timeout=120)
    assert done.returncode == 0, (done.stdout + done.stderr)[-3000:]
    return {record: job for record, job in json.loads(done.stdout).items() if job[0] in OF_ONE_TASK}


@pytest.fixture(scope="module")
def plans(benchmark, tmp_path_factory):
    """Of two tasks, of the same two in the other order, and of three."""
    root, made = tmp_path_factory.mktemp("plans"), {}
    two, turned, three = (copy.deepcopy(benchmark) for _ in range(3))
    turned["tasks"].reverse()
    turned["disentanglement"]["pairs"] = [["Signs", "Scenes"]]
    three["tasks"].insert(0, synthetic("Letters", "letters", epochs=2))
    for name, config in (("two", two), ("turned", turned), ("three", three)):
        made[name] = plan(root / name, config)
    return made


def test_reordered_tasks_have_the_same_jobs_with_the_same_params_and_inputs(plans):
    assert {rule for rule, _, _ in plans["two"].values()} == set(OF_ONE_TASK)
    assert plans["turned"] == plans["two"]


def test_a_further_task_changes_no_job_of_another(plans):
    assert {record: plans["three"][record] for record in plans["two"]} == plans["two"]
    further = plans["three"].keys() - plans["two"].keys()
    assert further and all("Letters" in record for record in further)


def test_fine_tuning_is_told_nothing_of_other_tasks(plans):
    for record, (rule, params, inputs) in plans["three"].items():
        if rule in ("finetune", "task_vector", "prepare", "head"):
            own = next(task for task in ("Letters", "Scenes", "Signs", "Objects") if task in record)
            values = {key: value for key, value in params.items() if key != "code"}
            text = json.dumps([values, inputs])
            assert not [task for task in ("Letters", "Scenes", "Signs", "Objects") if task != own and task in text]
