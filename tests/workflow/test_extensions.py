"""A mode, a merging rule, a data set, each added as one file and one entry: their own jobs, and nothing else again.

Counted in docs/extending.md: the files that each takes.
"""

import json

import numpy as np
import pandas as pd
import pytest
from safetensors.numpy import load_file

from tests.workflow.conftest import ROOT, edit, planned, run_snakemake

VECTORS = {"similarity_table": 1, "similarity_maps": 1}
SUBSETS = {"subset_tables": 1, "subset_figures": 1}
NUMBERS = {"bootstrap": 1, "tables": 1, "findings": 1, "reproduction": 1, "pages": 1}
REPORT = {"scatters": 1, "alpha_sweeps": 1, "loss_curves": 1, **NUMBERS, **VECTORS, **SUBSETS}
PAIRS = {"heatmaps": 1, "disentanglement_table": 1}


@pytest.fixture
def changed(project):
    """The names of the project's files that differ from the repository's, and of those that are new."""

    def files():
        everything = [path for path in project.rglob("*.py") if "__pycache__" not in path.parts]
        names = {str(path.relative_to(project)): path for path in everything}
        new = {name for name in names if not (ROOT / name).exists()}
        old = names.keys() - new
        edited = {name for name in old if names[name].read_bytes() != (ROOT / name).read_bytes()}
        return edited, new

    return files


PULLED = '''"""Fine-tuning that is pulled back to theta_0, on every second element, with the other tasks at hand."""

import torch

from lib.data import prepared
from lib.training.objectives.cross_entropy import objective

__all__ = ["mask", "objective", "penalty"]


def penalty(context):
    others = {task: prepared.read(path.parent, "fit") for task, path in context.others["fit"].items()}
    assert others and all(len(split) for split in others.values())
    return lambda tau, step: context.settings["strength"] * sum(tau[name].square().sum() for name in tau)


def mask(context):
    def every_second(value):
        return (torch.arange(value.numel(), device=value.device) % 2 == 0).reshape(value.shape)

    return {name: every_second(value) for name, value in context.theta_0.items()}
'''


def test_a_fine_tuning_mode_is_one_file_and_one_entry(own_run, project, config, changed):
    """With a penalty, an element-wise mask and the fit splits of the other tasks: the loop is not touched."""
    (project / "lib/training/objectives/pulled.py").write_text(PULLED)
    entry = 'Mode("pulled", vectors_of="pulled", objective="pulled", settings={"strength": 0.1}, others=("fit",)),'
    edit(project / "lib/training/modes.py", 'Mode("posthoc"', f'{entry}\n        Mode("posthoc"')
    assert changed() == ({"lib/training/modes.py"}, {"lib/training/objectives/pulled.py"})
    assert planned(own_run, config, project=project) == {}
    config["modes"].append("pulled")
    config["finetune"]["learning_rate"]["pulled"] = 3e-4
    own = {"finetune": 2, "task_vector": 2, "single_task": 1, "addition": 1, "negation": 2, "disentanglement": 1}
    own |= {"subsets": 1, "similarity": 1}
    assert planned(own_run, config, project=project) == {**own, **REPORT, **PAIRS}
    tau = "results/tiny/tiny/seed0/pulled/Signs/tau.safetensors"
    done = run_snakemake(own_run, "--cores", "2", tau, config=config, project=project)
    assert done.returncode == 0, done.stdout[-3000:]
    for name, value in load_file(own_run / tau).items():
        assert not value.ravel()[1::2].any() and (value.ravel()[::2].any() or name.endswith("bias")), name


SHRUNK = '''"""Half of each task vector but the first, as coefficients; looks at every task's validation images."""

from lib.data import prepared
from lib.editing.merging.interface import Coefficients


def merge(taus, statistics, settings):
    sizes = {task: len(prepared.read(path.parent, "val")) for task, path in statistics["val"].items()}
    assert sizes.keys() == taus.keys() and all(sizes.values())
    return Coefficients({task: settings["first"] if i == 0 else 0.5 for i, task in enumerate(taus)})
'''


def test_a_merging_rule_is_one_file_and_one_entry(own_run, project, config, changed):
    (project / "lib/editing/merging/shrunk.py").write_text(SHRUNK)
    entry = 'MergingRule("shrunk", alphas=(0.0, 1.0), settings={"first": 1.0}, statistics=("val",))'
    edit(project / "lib/editing/merging_rules.py", 'MergingRule("sum"), ', f'MergingRule("sum"), {entry}, ')
    assert changed() == ({"lib/editing/merging_rules.py"}, {"lib/editing/merging/shrunk.py"})
    assert planned(own_run, config, project=project) == {}
    config["merging"].append({"rule": "shrunk"})
    jobs = planned(own_run, config, project=project)
    assert jobs == {"addition": 4, "alpha_sweeps": 1, **NUMBERS}
    folder = own_run / "results/tiny/tiny/seed0/standard/addition/shrunk"
    files = [f"{folder.relative_to(own_run)}/choice.json"]
    done = run_snakemake(own_run, "--cores", "2", *files, config=config, project=project)
    assert done.returncode == 0, done.stdout[-3000:]
    assert json.loads((folder / "choice.json").read_text())["coefficients"] == {"Scenes": 1.0, "Signs": 0.5}


STRIPES = '''"""Stripes: upright or lying."""

import numpy as np
from PIL import Image

from lib.data.raw_task import RawSplit, RawTask


def read(*, train, test):
    return RawTask(("upright", "lying"), ("{} stripes",), _split(train), _split(test), origin={"source": "stripes"})


def _split(n):
    labels = np.arange(n) % 2
    return RawSplit(labels, lambda row: Image.fromarray(_pixels(int(labels[row]))))


def _pixels(label):
    line = np.tile(np.array([0, 255], np.uint8), 16)
    image = np.tile(line, (32, 1))
    return np.stack([image if label == 0 else image.T] * 3, axis=-1)
'''


def test_a_data_set_is_one_file_and_one_entry(own_run, project, config, changed):
    (project / "lib/data/readers/stripes.py").write_text(STRIPES)
    options = '{"train": known_options.TRAIN, "test": known_options.TEST}'
    entry = f'_own("stripes", "stripes, upright or lying", {options}, side=32, classes=lambda options: 2),'
    last = '_own(\n            "sklearn_digits",'
    edit(project / "lib/data/datasets.py", last, f"{entry}\n        {last}")
    assert changed() == ({"lib/data/datasets.py"}, {"lib/data/readers/stripes.py"})
    assert planned(own_run, config, project=project) == {}
    options = {"train": 80, "test": 20}
    config["tasks"].append({"name": "Stripes", "dataset": "stripes", "epochs": 1, "options": options})
    jobs = planned(own_run, config, project=project)
    assert jobs == {
        "prepare": 1, "head": 1, "finetune": 3, "task_vector": 3, "negation": 4,
        # these look at all tasks together
        "zero_shot": 1, "single_task": 4, "addition": 4, "subsets": 4, "similarity": 3, **REPORT,
    }  # fmt: skip
    file = "results/tiny/data/Stripes/manifest.json"
    done = run_snakemake(own_run, "--cores", "2", file, config=config, project=project)
    assert done.returncode == 0, done.stdout[-3000:]
    assert json.loads((own_run / file).read_text())["class_names"] == ["upright", "lying"]


def test_gradient_ascent_and_weight_averaging_run_on_the_demos_path(own_run, config):
    config["modes"].append("gradient-ascent")
    config["finetune"]["learning_rate"]["gradient-ascent"] = 3e-4
    config["merging"].append({"rule": "mean"})
    jobs = planned(own_run, config)
    assert jobs == {
        "finetune": 2, "task_vector": 2, "single_task": 1, "negation": 2, "addition": 4,
        "alpha_sweeps": 1, "loss_curves": 1, **NUMBERS,
    }  # fmt: skip
    done = run_snakemake(own_run, "--cores", "2", config=config)
    assert done.returncode == 0, done.stdout[-5000:]
    run = own_run / "results/tiny"
    log = pd.read_csv(run / "tiny/seed0/gradient-ascent/Signs/training_log.csv")
    assert (log["loss"] < 0).all() and log["loss"].iloc[-1] < log["loss"].iloc[0]
    negation = pd.read_csv(run / "tables/negation.csv").set_index("mode")
    assert negation.loc["gradient-ascent", "target"] <= negation.loc["pretrained", "target"]
    assert "Gradient ascent" in (run / "tables/negation.md").read_text()
    assert "Gradient ascent" not in (run / "tables/addition.md").read_text()
    assert "Linear FT, weight averaging" in (run / "tables/addition.md").read_text()
    added = pd.read_csv(run / "tables/addition.csv")
    assert set(added["rule"].dropna()) == {"sum", "mean"}
    for mode in ("standard", "posthoc", "linear", "linear-2"):  # alpha 1 of the mean of two is alpha 1/2 of their sum
        folder = run / "tiny/seed0" / mode / "addition"
        sweep = pd.read_csv(folder / "sum/sweep_val.csv")
        half = sweep[sweep["alpha"] == 0.5].set_index("task")["accuracy"]
        whole = pd.read_csv(folder / "mean/sweep_val.csv").set_index("task")["accuracy"]
        assert half.to_dict() == whole.to_dict()


def test_a_random_image_tower_keeps_the_pretrained_head(own_run, config):
    """theta_0 is the entry's: another tower, the same head to the bit; a seed gives the same tower again."""
    first = config["models"][0]
    config["models"].append({**first, "name": "random", "image_tower": {"random_seed": 3}})
    run = "results/tiny"
    files = [f"{run}/random/heads/Signs.safetensors", f"{run}/random/pretrained/theta.safetensors"]
    done = run_snakemake(own_run, "--cores", "2", *files, config=config)
    assert done.returncode == 0, done.stdout[-3000:]
    heads = [(own_run / run / model / "heads/Signs.safetensors").read_bytes() for model in ("tiny", "random")]
    assert heads[0] == heads[1]
    theta, random = (load_file(own_run / run / model / "pretrained/theta.safetensors") for model in ("tiny", "random"))
    assert theta.keys() == random.keys() and not np.array_equal(theta["proj"], random["proj"])
    before = (own_run / files[1]).read_bytes()
    done = run_snakemake(own_run, "--cores", "2", "--forcerun", files[1], "--", files[1], config=config)
    assert done.returncode == 0 and (own_run / files[1]).read_bytes() == before
