"""The whole workflow on a tiny benchmark: it ends, does nothing twice, and reruns exactly what a change touches."""

import hashlib
import json

import numpy as np
import pandas as pd
import pytest
import yaml
from safetensors.numpy import load_file

from lib.editing.task_vector import TaskVector
from lib.files import outcomes, predictions
from tests.workflow.conftest import ROOT, planned, run_snakemake

MODE = "results/tiny/tiny/seed0"


def ends(name):
    return [f"{name}_low".strip("_"), f"{name}_high".strip("_")]


def with_ends(*names):
    return [*names, *(end for name in names for end in ends(name))]


def test_every_table_has_its_columns(finished):
    columns = {
        "single_task": ["model", "seed", "mode", "task", "split", "accuracy", "n", *ends("")],
        "addition": ["model", "seed", "mode", "alpha", "n", *with_ends("absolute", "normalized", "single")],
        "addition_per_task": ["model", "seed", "mode", "alpha", "task", "accuracy", "normalized", "n", *ends("")],
        "negation": ["model", "seed", "mode", "n", "n_control", *with_ends("target", "control")],
        "negation_per_task": [
            *["model", "seed", "mode", "task", "alpha", "n", "n_control"],
            *with_ends("target", "control"),
        ],
    }
    for name, expected in columns.items():
        frame = pd.read_csv(finished / f"results/tiny/tables/{name}.csv")
        assert sorted(frame.columns) == sorted(expected), name
        ratios = ["seed", "alpha", *with_ends("normalized")]
        numbers = frame.select_dtypes("float").drop(columns=ratios, errors="ignore")
        assert (numbers.isna() | (numbers >= 0) & (numbers <= 1)).all(axis=None)
        assert (finished / f"results/tiny/tables/{name}.md").read_text().count("|") > 10
        assert r"\toprule" in (finished / f"results/tiny/tables/{name}.tex").read_text()
    assert set(pd.read_csv(finished / "results/tiny/tables/single_task.csv")["mode"]) == {
        "pretrained", "standard", "posthoc", "linear", "linear-2"
    }  # fmt: skip


def test_the_tables_follow_from_the_files_below_them(finished):
    added = pd.read_csv(finished / "results/tiny/tables/addition.csv").set_index("mode")
    single = pd.read_csv(finished / "results/tiny/tables/single_task.csv")
    for mode in ("standard", "posthoc", "linear", "linear-2"):
        test = pd.read_csv(finished / MODE / mode / "addition/sum/test.csv").set_index("task")
        own = single[(single["mode"] == mode) & (single["split"] == "test")].set_index("task")["accuracy"]
        assert added.loc[mode, "absolute"] == pytest.approx(test["accuracy"].mean())
        assert added.loc[mode, "single"] == pytest.approx(own.loc[["Scenes", "Signs"]].mean())
        assert added.loc[mode, "normalized"] == pytest.approx((test["accuracy"] / own).mean())
        choice = json.loads((finished / MODE / mode / "addition/sum/choice.json").read_text())
        assert added.loc[mode, "alpha"] == choice["alpha"]


def test_accuracies_are_those_of_the_stored_predictions(finished):
    def shares(file):
        """(task, split) -> the accuracy of each row of predictions."""
        folder = finished / "results/tiny/data"
        labels = {key: np.load(folder / key[0] / f"{key[1]}.index.npz")["label"] for key in predictions.read(file)}
        return {key: (values == labels[key]).mean(1).tolist() for key, values in predictions.read(file).items()}

    for file, stored in (
        (finished / "results/tiny/tiny/pretrained/accuracy.csv", "predictions.npz"),
        (finished / MODE / "posthoc/single_task.csv", "single_task_predictions.npz"),
    ):
        rows = pd.read_csv(file).set_index(["task", "split"])["accuracy"]
        found = shares(file.with_name(stored))
        assert list(found) == list(rows.index)
        assert [value for (value,) in found.values()] == pytest.approx(rows.tolist())
    for folder, tasks in (("addition/sum", ["Scenes", "Signs"]), ("negation/Signs", ["Signs", "Objects"])):
        found = shares(finished / MODE / "linear" / folder / "predictions.npz")
        sweep = pd.read_csv(finished / MODE / "linear" / folder / "sweep_val.csv")
        for task in tasks:
            assert found[task, "val"] == pytest.approx(sweep[sweep["task"] == task]["accuracy"].tolist())
        assert set(found) == {(task, split) for task in tasks for split in ("val", "test")}
    tested = pd.read_csv(finished / MODE / "linear/negation/Signs/test.csv")
    assert [found[task, "test"] for task in tasks] == [tested["target"].tolist(), tested["control"].tolist()]
    assert predictions.read_identity(finished / MODE / "linear/negation/Signs/predictions.npz") == {
        "model": "tiny", "seed": 0, "mode": "linear", "task": "Signs"
    }  # fmt: skip


def test_subsets_of_tasks_end_in_a_table_of_their_own(finished):
    table = pd.read_csv(finished / "results/tiny/tables/subsets.csv").set_index(["mode", "size"])
    added = pd.read_csv(finished / "results/tiny/tables/addition.csv").set_index("mode")
    for mode in ("standard", "posthoc", "linear", "linear-2"):
        assert table.loc[mode, "subsets"].tolist() == [2, 1]
        tested = pd.read_csv(finished / MODE / mode / "subsets/subsets.csv")
        single = tested[(tested["size"] == 1) & tested["own"]]
        assert table.loc[(mode, 1), "own"] == pytest.approx(single["normalized"].mean())
        # all tasks together are what the merging rule `sum` adds
        assert table.loc[(mode, 2), "own"] == table.loc[(mode, 2), "all"]
        assert table.loc[(mode, 2), "all"] == pytest.approx(added.loc[mode, "normalized"])
    assert "Linear FT, 2 vectors" in (finished / "results/tiny/tables/subsets.md").read_text()


def test_task_vectors_are_differences_and_linear_2_moves_attention_weights_only(finished):
    theta_0 = load_file(finished / "results/tiny/tiny/pretrained/theta.safetensors")
    for mode in ("standard", "linear", "linear-2"):
        theta = load_file(finished / MODE / mode / "Signs/theta.safetensors")
        tau = load_file(finished / MODE / mode / "Signs/tau.safetensors")
        assert all(np.array_equal(tau[name], theta[name] - theta_0[name]) for name in theta_0)
        moved = {name.rpartition("attn.")[2] for name in tau if np.any(tau[name])}
        assert (moved == {"in_proj_weight", "out_proj.weight"}) == (mode == "linear-2")
    assert not (finished / MODE / "posthoc/Signs").exists()


def test_the_heatmap_is_zero_where_it_must_be(finished):
    for mode in ("standard", "posthoc", "linear"):
        grid = np.load(finished / MODE / mode / "disentanglement/Scenes--Signs.npz")
        zero = grid["alphas"].tolist().index(0)
        assert (grid["error_a"][:, zero] == 0).all() and (grid["error_b"][zero, :] == 0).all()
        assert grid["error_a"].shape == (3, 3)
        distance = grid["representation_a"] + grid["representation_b"]
        assert (grid["representation_a"][:, zero] < 1e-7).all() and (grid["representation_b"][zero] < 1e-7).all()
        assert 0 < distance.max() <= 4 and distance[zero, zero] < 1e-7


def test_outcomes_of_images_are_those_behind_the_heatmap_and_the_table(finished):
    table = pd.read_csv(finished / "results/tiny/tables/disentanglement.csv").set_index(["mode", "pair"])
    assert len(table) == 4 * 2  # the pair, and the mean over pairs
    for mode in ("standard", "posthoc", "linear", "linear-2"):
        folder = finished / MODE / mode / "disentanglement"
        grid, found = np.load(folder / "Scenes--Signs.npz"), outcomes.read(folder / "outcomes/Scenes--Signs.npz")
        assert (found.model, found.seed, found.mode, found.pair) == ("tiny", 0, mode, ("Scenes", "Signs"))
        for half, differs, distance in zip("ab", found.differs, found.distance, strict=True):
            assert differs.shape == distance.shape == (3, 3, 20)
            np.testing.assert_array_equal(grid[f"error_{half}"], differs.mean(-1))
            np.testing.assert_allclose(grid[f"representation_{half}"], distance.mean(-1, dtype=np.float64), rtol=1e-12)
        for name in ("error", "representation"):
            xi = sum(grid[f"{name}_{half}"][1:, 1:].mean() for half in "ab")
            row = table.loc[mode, "Scenes--Signs"]
            assert row[name] == pytest.approx(xi) and row[f"{name}_low"] <= row[name] <= row[f"{name}_high"]
            assert row["n"] == 40 and table.loc[(mode, "Mean"), name] == pytest.approx(xi)


def test_cosines_are_those_of_the_task_vectors(finished):
    table = pd.read_csv(finished / "results/tiny/tables/similarity.csv")
    assert set(table["mode"]) == {"standard", "linear", "linear-2"}  # post-hoc linearization has no vectors of its own
    for mode, rows in table.groupby("mode"):
        vectors = {
            task: TaskVector(load_file(finished / MODE / mode / task / "tau.safetensors"))
            for task in ("Scenes", "Signs")
        }
        assert len(rows) == 4
        for row in rows.to_dict("records"):
            one, other = vectors[row["task_a"]], vectors[row["task_b"]]
            assert row["cosine"] == pytest.approx(one.cosine(other), abs=1e-12)
            assert (row["norm_a"], row["norm_b"]) == pytest.approx((one.norm(), other.norm()))


def test_a_number_leads_back_to_data_weights_code_and_seed(finished):
    record = json.loads((finished / "results/tiny/provenance/addition/tiny/seed0/linear/sum.json").read_text())
    assert record["wildcards"] == {"model": "tiny", "seed": "0", "mode": "linear", "merging": "sum"}
    for path, digest in {**record["used"], **record["generated"]}.items():
        assert hashlib.sha256((finished / path).read_bytes()).hexdigest() == digest
    assert any(path.endswith("linear/Signs/tau.safetensors") for path in record["used"])
    assert (
        record["versions"]["torch"]
        and "commit" in record["code"]
        and "lib/models/tangent_vit.py" in record["params"]["code"]
    )
    manifest = json.loads((finished / "results/tiny/data/Signs/manifest.json").read_text())
    assert manifest["splits"]["fit"]["n"] == 96 and manifest["splits"]["val"]["n"] == 64
    assert len(manifest["splits"]["test"]["index_label_sha256"]) == 64


def test_results_do_not_depend_on_the_order_of_jobs(finished, benchmark, tmp_path):
    """What a run from scratch makes on one core has the same bytes, from the vectors to the accuracies."""
    names = ("addition/sum/test.csv", "addition/sum/predictions.npz", "single_task.csv", "Signs/tau.safetensors")
    files = [f"{MODE}/linear/{name}" for name in names]
    done = run_snakemake(tmp_path, "--cores", "1", *files, config={**benchmark, "modes": ["linear"]})
    assert done.returncode == 0, done.stdout[-3000:]
    for file in files:
        assert (finished / file).read_bytes() == (tmp_path / file).read_bytes(), file


def test_the_papers_configuration_plans_without_data(tmp_path):
    jobs = planned(tmp_path, yaml.safe_load((ROOT / "config.yaml").read_text()))
    models, modes, tasks = 3, 4, 8
    random = 3  # the same towers from random weights, in two modes: for Table 3 alone
    assert jobs == {
        "prepare": tasks,
        "prepare_control": 1,
        "pretrained": models + random,
        "head": (models + random) * (tasks + 1),
        "zero_shot": models + random,
        "finetune": (models * 4 + random * 2) * tasks,  # post-hoc linearization trains nothing, gradient ascent does
        "task_vector": (models * 4 + random * 2) * tasks,
        "single_task": models * (modes + 1) + random * 2,
        "addition": models * modes + random * 2,
        "negation": models * (modes + 1) * tasks,
        "negation_controls": models * tasks,
        "negation_controls_table": 1,
        "disentanglement": models * modes,
        "similarity": models * 3,
        "subsets": models * modes,
        "subset_tables": 1,
        "subset_figures": 1,
        "localization": (models + random) * 3,
        "localization_table": 1,
        "localization_figures": 1,
        "kernel_regression": models * 3,
        "kernel_regression_table": 1,
        "kernel_regression_figure": 1,
        "laziness": models * 4,
        "laziness_table": 1,
        "laziness_figure": 1,
        "wide_networks": 1,
        "wide_networks_table": 1,
        "wide_networks_figures": 1,
        "tables": 1,
        "disentanglement_table": 1,
        "similarity_table": 1,
        "similarity_maps": 1,
        "random_init": 1,
        "bootstrap": 1,
        "reproduction": 1,
        "findings": 1,
        "heatmaps": 1,
        "scatters": 1,
        "alpha_sweeps": 1,
        "loss_curves": 1,
        "pages": 1,
    }


def test_lint_and_format_are_clean():
    import subprocess
    import sys

    tool = [sys.executable, "-m", "snakefmt", "--check", "--line-length", "120"]
    formatted = subprocess.run([*tool, "Snakefile", "rules"], cwd=ROOT, capture_output=True, text=True)
    assert formatted.returncode == 0, formatted.stderr
    linted = subprocess.run([sys.executable, "-m", "snakemake", "--lint"], cwd=ROOT, capture_output=True, text=True)
    assert linted.returncode == 0, linted.stdout + linted.stderr
