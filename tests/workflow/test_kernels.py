"""The kernel view as stages of a run: what they add to a finished one, what their tables rest on, forgeries of them."""

import copy
import json
import shutil
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
import yaml

from lib.files import local_energies, predictions, squared_lengths, trajectories
from lib.kernels.descent_kernels import KERNELS as KERNELS_OF_DESCENT
from lib.kernels.few_shot_tuning import OPTIMIZERS
from lib.reporting.kernel_regression import COUNTERPARTS
from lib.training.modes import MODES as MODES_OF_LIBRARY
from tests.workflow import conftest
from tests.workflow.conftest import planned
from tests.workflow.tampering import FORGED_KERNELS, RUN, Forgery
from tests.workflow.test_audit import FIGURES, audited, faults, without_figures
from workflow_scripts.audit import checks
from workflow_scripts.commands import trace
from workflow_scripts.commands.finished_run import FinishedRun
from workflow_scripts.configuration import drift
from workflow_scripts.configuration.benchmark import load
from workflow_scripts.configuration.schema import schema

KERNELS = f"{RUN}/tiny/kernels"
MODES = ("standard", "linear", "linear-2")
SECTION = {
    "memory_mib": 500,
    "localization": {"pairs": [["Scenes", "Signs"]], "points": 12, "logits": 3, "cut_offs": [0.9, 0.99], "seed": 0},
    "regression": {
        "tasks": ["Scenes"],
        "shots": [2, 1],
        "splits": 2,
        "validation": 20,
        "test": 30,
        "kernels": ["sgd", "a-signgd"],
        "regularizations": [0.0, 0.01, 1.0],
        "initial_scales": [0.0, 1.0],
        "finetune": {"steps": 4, "batch_size": 8, "learning_rates": {"sgd": [0.001, 0.01], "adam": [0.0001, 0.001]}},
        "seed": 0,
    },
    "wide_networks": {
        **{"task": "Scenes", "classes": [0, 1], "side": 8, "widths": [64, 16, 32], "hidden_layers": 2, "points": 6},
        **{"test": 6, "steps": 10, "recorded": 5, "learning_rate": 0.1, "seeds": [0, 1]},
    },
    "laziness": {"points": 8, "logits": 2, "seed": 0},
    "drift": {"points": 8, "seed": 0},
}
JOBS = {
    "localization": 2, "localization_table": 1, "localization_figures": 1,
    "kernel_regression": 1, "kernel_regression_table": 1, "kernel_regression_figure": 1,
    "wide_networks": 1, "wide_networks_table": 1, "wide_networks_figures": 1,
    "laziness": 3, "laziness_table": 1, "laziness_figure": 1,
    "curvature": 2, "drift": 3, "drift_table": 1,
}  # fmt: skip
# jobs of the random model, and what shows it
FROM_RANDOM = {
    *("pretrained", "head", "zero_shot", "finetune", "task_vector", "single_task", "addition", "random_init"),
    *("bootstrap", "findings", "reproduction", "pages", "tables"),
}


@pytest.fixture(scope="module")
def with_kernels(benchmark):
    """The tiny benchmark with a random model and the kernel view."""
    config = copy.deepcopy(benchmark)
    config["models"].append(
        config["models"][0] | {"name": "random", "image_tower": {"random_seed": 3}, "modes": ["standard"]}
    )
    return config | {"kernels": SECTION}


@pytest.fixture(scope="module")
def grown(finished, with_kernels, tmp_path_factory):
    """The finished run with both added, and what was planned."""
    return conftest.grown(finished, with_kernels, tmp_path_factory.mktemp("kernels") / "run")


@pytest.fixture
def run(grown, tmp_path, monkeypatch):
    return Forgery.in_a_copy(grown[0], tmp_path / "own", monkeypatch)


def test_each_stage_is_planned_and_nothing_else_of_the_run_changes(grown, with_kernels):
    folder, jobs = grown
    known = {name: count for name, count in jobs.items() if name in JOBS}
    assert known == JOBS and jobs.keys() - JOBS.keys() <= FROM_RANDOM
    assert planned(folder, with_kernels) == {}


def test_without_the_section_there_is_no_job(finished, benchmark):
    assert planned(finished, copy.deepcopy(benchmark)) == {}


@pytest.mark.parametrize(
    ("path", "value", "rerun"),
    [
        (("localization", "points"), 10, {"localization": 2, "localization_table": 1, "localization_figures": 1}),
        (("laziness", "points"), 6, {"laziness": 3, "laziness_table": 1, "laziness_figure": 1}),
        (("drift", "points"), 6, {"drift": 3, "drift_table": 1}),
        (("drift", "modes"), ["linear"], {"drift_table": 1}),
        (("wide_networks", "steps"), 11, {"wide_networks": 1, "wide_networks_table": 1, "wide_networks_figures": 1}),
        (
            ("regression", "splits"),
            3,
            {"kernel_regression": 1, "kernel_regression_table": 1, "kernel_regression_figure": 1},
        ),
    ],
)
def test_a_changed_value_reruns_its_stage_alone(grown, with_kernels, path, value, rerun):
    config = copy.deepcopy(with_kernels)
    section, key = path
    config["kernels"][section][key] = value
    jobs = planned(grown[0], config)
    assert {name: count for name, count in jobs.items() if name not in ("findings", "pages")} == rerun


def test_peak_memory_stays_below_what_jobs_ask_for(grown, with_kernels):
    asked = with_kernels["resources"]["evaluate"]["mem_mb"]
    records = [
        json.loads(file.read_text())
        for rule in ("localization", "kernel_regression", "wide_networks", "laziness", "drift")
        for file in [
            *(grown[0] / f"{RUN}/provenance/{rule}").rglob("*.json"),
            *(grown[0] / f"{RUN}/provenance").glob(f"{rule}.json"),
        ]
    ]
    peaks = {record["rule"]: record["machine"]["peak_mib"] for record in records}
    assert len(records) == 10 and len(peaks) == 5 and 0 < max(peaks.values()) < asked, peaks


def test_the_table_of_localization_follows_from_the_energies(grown):
    table = pd.read_csv(grown[0] / f"{RUN}/tables/localization.csv").set_index(["model", "cut_off"])
    assert list(table.index) == [("tiny", 0.9), ("tiny", 0.99), ("random", 0.9), ("random", 0.99)]
    for (model, cut_off), row in table.iterrows():
        found = local_energies.read(grown[0] / f"{RUN}/{model}/kernels/localization/Scenes/Signs.npz")
        energy = found.energy[found.cut_offs.tolist().index(cut_off)]
        assert energy.shape == (3, 24) and row["share"] == pytest.approx((energy[:, :12].sum(1) / energy.sum(1)).mean())
        assert row["low"] <= row["share"] <= row["high"] and row["uniform"] == 0.5
    printed = (grown[0] / f"{RUN}/tables/localization.md").read_text()
    assert "| Scenes against Signs, 99 % " in printed and "random Own points" in printed


def test_the_table_of_regression_follows_from_the_predictions(grown):
    folder = grown[0] / f"{KERNELS}/regression/Scenes"
    tested = pd.read_csv(folder / "tested.csv")
    stored = predictions.read(folder / "predictions.npz")["Scenes", "test"]
    assert stored.shape == (1 + 2 * 2 * 5, 30) == (len(tested), 30)
    methods = ["kernel-sgd", "kernel-a-signgd", "closed-form", "tuning-adam", "tuning-sgd"]
    assert tested["method"].tolist() == ["zero-shot", *methods * 4]
    assert tested["shots"].tolist() == [0] + [1, 1, 1, 1, 1, 2, 2, 2, 2, 2] * 2
    table = pd.read_csv(grown[0] / f"{RUN}/tables/kernel_regression.csv").set_index(["shots", "method"])
    for key, rows in tested.groupby(["shots", "method"]):
        assert table.loc[key, "accuracy"] == pytest.approx(rows["accuracy"].mean())
        assert table.loc[key, "splits"] == len(rows)
    zero_shot = predictions.read(grown[0] / f"{RUN}/tiny/pretrained/predictions.npz")["Scenes", "test"][0]
    assert (stored[0][:, None] == zero_shot).mean(0).max() <= 1 and set(stored[0]) <= set(zero_shot)


def test_laziness_is_that_of_the_task_vectors(grown):
    table = pd.read_csv(grown[0] / f"{RUN}/tables/laziness.csv")
    assert list(dict.fromkeys(table["mode"])) == list(MODES) and (table["n"] == 8).all()
    for row in table.to_dict("records"):
        norms = pd.read_csv(grown[0] / f"{RUN}/tiny/seed0/{row['mode']}/norms.csv").set_index("task")["norm"]
        same = table[table["mode"] == "standard"].set_index("task").loc[row["task"]]
        first = pd.read_csv(grown[0] / f"{RUN}/tiny/seed0/standard/norms.csv").set_index("task")["norm"]
        scale = norms[row["task"]] / first[row["task"]]
        assert row["parameters"] == pytest.approx(scale * same["parameters"], rel=1e-4)
        assert row["features"] > 0 and 0 < row["kernel"] < 1


def test_drifts_are_of_every_pair_and_their_table_follows_from_the_images(grown):
    table = pd.read_csv(grown[0] / f"{RUN}/tables/drift.csv").set_index("mode")
    assert list(table.index) == list(MODES) and (table["pairs"] == 2).all() and (table["n"] == 16).all()
    assert table["correlation"].isna().all()  # of two pairs it says nothing
    for mode, row in table.iterrows():
        folder = grown[0] / f"{RUN}/tiny/seed0/{mode}"
        pairs = pd.read_csv(folder / "drift/pairs.csv").set_index(["vector", "task"])
        moved = squared_lengths.read(folder / "drift/images.npz")
        assert moved.of["Signs"].shape == (2, 8) and (pairs["n"] == 8).all()
        for number, vector in enumerate(moved.tasks):
            for task, values in moved.of.items():
                assert pairs.loc[(vector, task), "exact"] == pytest.approx(values[number].mean(dtype=float))
        other = pairs.loc[[("Scenes", "Signs"), ("Signs", "Scenes")]]
        assert row["drift"] == pytest.approx(other["exact"].mean()) and row["drift_low"] < row["drift"]
        assert row["ratio"] == pytest.approx((other["predicted"] / other["exact"]).median()) and row["ratio"] > 0
        norms = pd.read_csv(folder / "norms.csv").set_index("task")["norm"]
        assert row["norm"] == pytest.approx(norms.mean(), rel=1e-5)


def test_curvatures_are_made_for_drifts_alone(with_kernels):
    bench = load(with_kernels)
    assert not any("curvature" in MODES_OF_LIBRARY[mode].others for mode in bench.modes)
    assert drift.models(bench) == ["tiny"]  # the random model's drift is not measured


def test_wide_networks_are_in_order_of_width_and_follow_the_closed_form(grown):
    found = trajectories.read(grown[0] / f"{RUN}/wide_networks.npz")
    assert found.widths.tolist() == [16, 32, 64] and found.steps.tolist() == [0, 2, 5, 8, 10]
    np.testing.assert_allclose(found.outputs[:, :, 1], found.outputs[:, :, 2], atol=1e-4)
    np.testing.assert_allclose(found.outputs[:, :, 0, 0], found.outputs[:, :, 1, 0], atol=1e-6)
    assert not np.allclose(found.outputs[:, :, 0, -1], found.outputs[:, :, 1, -1], atol=1e-4)
    table = pd.read_csv(grown[0] / f"{RUN}/tables/wide_networks.csv")
    assert table[["width", "seed"]].to_numpy().tolist() == [[w, s] for w in (16, 32, 64) for s in (0, 1)]


def test_findings_speak_of_kernels(grown):
    findings = pd.read_csv(grown[0] / f"{RUN}/findings.csv")["finding"]
    assert findings.str.contains("NTK before fine-tuning").sum() == 1
    assert findings.str.contains("shot: regression with").sum() == 2 * 2


@pytest.mark.parametrize(
    ("cell", "value", "maker"),
    [
        ("localization tiny Scenes Signs 0.9 share", "share", "localization"),
        ("kernel_regression tiny kernel-sgd Scenes 2 accuracy", "accuracy", "kernel_regression"),
        ("laziness tiny linear Signs kernel", "kernel", "laziness"),
        ("drift tiny linear own", "own", "drift"),
        ("wide_networks 32 rmse_linearized", "rmse_linearized", "wide_networks"),
    ],
)
def test_a_cell_leads_back_to_the_job_that_measured_it(run, cell, value, maker):
    lines = list(trace.main(FinishedRun.of(Path("config.yaml"), Path()), cell=cell, file=None, flowchart=None))
    assert lines[0].startswith(f"{cell}: ")
    assert any(maker in line for line in lines[1:])
    assert not any("results/tiny/random/" in line for line in lines)


def test_an_audit_passes(run):
    assert faults(audited()) == {}


@pytest.mark.parametrize("name", FORGED_KERNELS)
def test_a_consistent_forgery_is_found_by_one_check_alone(run, name, monkeypatch):
    without_figures(monkeypatch)
    change, check, where = FORGED_KERNELS[name]
    change(run)
    told = faults(audited())
    assert set(told) == {check}, told
    assert any(where in line for line in told[check]), told


def test_every_check_of_kernels_has_a_forgery():
    modules = ("audit.kernels", "audit.drift")
    of_kernels = {name for name, check in checks.CHECKS.items() if check.__module__.endswith(modules)}
    assert {check for _, check, _ in FORGED_KERNELS.values()} == of_kernels and len(of_kernels) == 5


@pytest.mark.parametrize("table", ["localization", "kernel_regression", "wide_networks", "laziness", "drift"])
def test_a_forged_table_is_found(run, table, monkeypatch):
    without_figures(monkeypatch)
    run.text(f"{RUN}/tables/{table}.tex", "&", "& 99 &")
    run.put_right()
    told = faults(audited())
    assert set(told) == {"tables from results"} and f"{table}.tex" in told["tables from results"][0]


def test_a_figure_of_something_else_is_found(run):
    shutil.copy(f"{RUN}/figures/laziness_tiny.png", f"{RUN}/figures/localization_cut_offs.png")
    run.put_right()
    told = faults(audited())
    assert set(told) == {FIGURES} and "localization_cut_offs.png" in told[FIGURES][0]


def test_a_forged_number_of_points_is_named(run, monkeypatch):
    without_figures(monkeypatch)
    file = f"{RUN}/provenance/laziness/tiny/seed0/linear.json"
    run.json(file, lambda record: record["params"]["drawn"].update(points=80))
    run.seal()
    assert any("ran with drawn" in line for line in faults(audited())["params are the configuration's"])


def test_names_are_those_of_the_library():
    section = schema()["properties"]["kernels"]["properties"]["regression"]["properties"]
    rates = section["finetune"]["properties"]["learning_rates"]["properties"]
    assert section["kernels"]["items"]["enum"] == list(KERNELS_OF_DESCENT) and list(rates) == list(OPTIMIZERS)
    assert list(COUNTERPARTS) == [f"kernel-{name}" for name in KERNELS_OF_DESCENT]
    assert set(COUNTERPARTS.values()) == {f"tuning-{name}" for name in OPTIMIZERS}


def test_the_configuration_is_that_of_the_run(grown, with_kernels):
    assert yaml.safe_load((grown[0] / RUN / "config.yaml").read_text())["kernels"] == with_kernels["kernels"]
