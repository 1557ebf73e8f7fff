"""What `make demo` left in results/demo: a fair cousin of the papers' benchmark, complete, with every mode."""

import json
import shutil
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
import yaml

from tests.workflow.conftest import ROOT, run_snakemake

RUN = ROOT / "results/demo"
TASKS = 8
pytestmark = pytest.mark.demo


@pytest.fixture(scope="module")
def single_task():
    frame = pd.read_csv(RUN / "tables/single_task.csv")
    return frame[(frame["split"] == "test") & (frame["task"] != "Objects")].set_index(["mode", "task"])["accuracy"]


def test_zero_shot_accuracy_leaves_room_and_is_no_guess(single_task):
    assert len(single_task["pretrained"]) == TASKS
    assert 0.3 <= single_task["pretrained"].mean() <= 0.7


def test_every_task_can_be_learnt(single_task):
    assert single_task["standard"].mean() >= 0.9
    assert single_task["standard"].min() >= 0.7


def test_every_mode_is_in_every_table():
    for name in ("addition", "negation"):
        modes = list(pd.read_csv(RUN / f"tables/{name}.csv")["mode"])
        assert modes == ["pretrained", "standard", "posthoc", "linear"]
    assert len(pd.read_csv(RUN / "tables/negation_per_task.csv")) == 3 * TASKS


def test_adding_all_vectors_beats_the_pretrained_model_in_every_mode():
    absolute = pd.read_csv(RUN / "tables/addition.csv").set_index("mode")["absolute"]
    assert (absolute.drop("pretrained") > absolute["pretrained"]).all()


def test_negation_keeps_its_floor_on_validation():
    for choice in RUN.glob("*/seed0/*/negation/*/choice.json"):
        chosen = json.loads(choice.read_text())
        sweep = pd.read_csv(choice.with_name("sweep_val.csv"))
        control = sweep[(sweep["alpha"] == chosen["alpha"]) & (sweep["task"] == "Objects")]["accuracy"].item()
        assert control >= 0.95 * chosen["control_pretrained_val"]


def test_heatmaps_are_grids_of_error_rates_with_zero_at_the_pretrained_model():
    files = list(RUN.glob("*/seed0/*/disentanglement/*.npz"))
    assert len(files) == 3 * 3
    for file in files:
        grid = np.load(file)
        xi, zero = grid["error_a"] + grid["error_b"], grid["alphas"].tolist().index(0)
        assert xi.shape == (13, 13)
        assert xi[zero, zero] == 0
        assert 0 < xi.max() <= 2
        distance = grid["representation_a"] + grid["representation_b"]
        assert distance[zero, zero] < 1e-7 and 0 < distance.max() <= 4


def test_images_and_findings_are_there():
    names = {path.name for path in (RUN / "figures").iterdir()}
    for stem in (
        "disentanglement_ViT-demo-8",
        "representation_ViT-demo-8",
        "similarity_ViT-demo-8",
        "alpha_sweep_ViT-demo-8",
        "loss_ViT-demo-8",
        "single_task_standard_linear",
    ):
        assert {f"{stem}.png", f"{stem}.pdf"} <= names
    rows = [line.split("|")[1:-1] for line in (RUN / "findings.md").read_text().splitlines()[2:]]
    verdicts = {cells[0].strip().removeprefix("ViT-demo-8, "): cells[-1].strip() for cells in rows}
    assert len(verdicts) == 10 and set(verdicts.values()) <= {"holds", "does not hold", "within noise"}
    for column in ("absolute", "normalized"):  # the papers' main claim
        assert verdicts[f"addition: Linear FT has higher {column} accuracy than non-linear FT"] == "holds"


def test_a_second_run_does_nothing():
    done = run_snakemake(ROOT, "--cores", "1", "--configfile", "demo/config.yaml")
    assert done.returncode == 0
    assert "Nothing to be done" in done.stdout


def test_gradient_ascent_forgets_and_the_mean_of_all_vectors_helps(tmp_path):
    """The further mode and the further merging rule on the demo's own model and data, in a copy of its run."""
    for name in ("results/demo", ".snakemake"):
        shutil.copytree(ROOT / name, tmp_path / name)
    config = yaml.safe_load((ROOT / "demo/config.yaml").read_text())
    del config["pretraining"]  # of files below the project
    config["modes"].append("gradient-ascent")
    config["finetune"]["learning_rate"]["gradient-ascent"] = 1e-3
    config["merging"].append({"rule": "mean"})
    model = config["models"][0]
    model |= {key: str(ROOT / model[key]) for key in ("architectures", "vocabulary")}
    model["weights"]["file"] = str(ROOT / model["weights"]["file"])
    folder = Path("results/demo/ViT-demo-8/seed0")
    files = [folder / "gradient-ascent/negation/Signs/test.csv", folder / "standard/addition/mean/test.csv"]
    done = run_snakemake(tmp_path, "--cores", "2", *map(str, files), config=config)
    assert done.returncode == 0, done.stdout[-3000:]
    single = pd.read_csv(RUN / "tables/single_task.csv").query("mode == 'pretrained' and split == 'test'")
    pretrained = single.set_index("task")["accuracy"]
    (forgotten,) = pd.read_csv(tmp_path / files[0]).to_dict("records")
    assert forgotten["target"] < pretrained["Signs"] - 0.1 and forgotten["control"] > 0.9 * pretrained["Objects"]
    mean = pd.read_csv(tmp_path / files[1]).set_index("task")["accuracy"]
    assert mean.mean() > pretrained.drop("Objects").mean() and set(mean.index) == set(pretrained.index) - {"Objects"}
