"""Controls of negation and analogies added to a finished run: what runs, what comes out, what an audit sees of it."""

import copy
import json
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from safetensors.numpy import load_file

from lib.data.few_shot import few_shot_rows
from lib.editing.analogies import analogy
from lib.editing.task_vector import TaskVector
from lib.files import predictions
from tests.workflow import conftest
from tests.workflow.conftest import planned, synthetic
from tests.workflow.tampering import RUN, Forgery
from tests.workflow.test_audit import audited, faults, without_figures
from workflow_scripts.commands import trace
from workflow_scripts.commands.finished_run import FinishedRun

QUADRUPLE = "Scenes--Photos--Signs--Sketches"
CONTROLS, OF_STANDARD = f"{RUN}/tiny/seed0/negation_controls", f"{RUN}/tiny/seed0/standard/analogies/{QUADRUPLE}"
# two auxiliary tasks, fine-tuned in the one mode that the analogies' vectors are of; analogies in two modes
JOBS = {
    "prepare": 2, "head": 2, "finetune": 2, "task_vector": 2, "analogy": 2, "few_shot": 1, "analogies_table": 1,
    "analogies_figure": 1, "negation_controls": 2, "negation_controls_table": 1, "reproduction": 1, "findings": 1,
    "pages": 1,
}  # fmt: skip
SUMMARIES = {"reproduction": 1, "pages": 1}  # the scorecard and the pages are of all tables that a run has
SECTIONS = {
    "negation_controls": {"seed": 5},
    "auxiliary": [synthetic("Photos", "photos_a", epochs=1), synthetic("Sketches", "sketches_a", epochs=1)],
    "analogies": {
        "quadruples": [{"a": "Scenes", "b": "Photos", "c": "Signs", "d": "Sketches"}],
        "modes": ["standard", "posthoc"],
        "few_shot": {"shots": [2, 1], "steps": 2, "warmup": 1},
    },
}


@pytest.fixture(scope="module")
def more(benchmark):
    """The tiny benchmark with both, too."""
    return copy.deepcopy(benchmark) | copy.deepcopy(SECTIONS)


@pytest.fixture(scope="module")
def grown(finished, more, tmp_path_factory):
    """The finished run after they were added to its configuration, and what was planned."""
    return conftest.grown(finished, more, tmp_path_factory.mktemp("analogies") / "run")


@pytest.fixture
def folder(grown):
    return grown[0]


@pytest.fixture
def own(grown, tmp_path, monkeypatch):
    """A copy of that run, in the working directory."""
    return Forgery.in_a_copy(grown[0], tmp_path / "own", monkeypatch)


def test_nothing_that_was_there_runs_again(grown, more):
    folder, jobs = grown
    assert jobs == JOBS
    assert planned(folder, more) == {}


def test_a_run_goes_on_without_them(folder, benchmark):
    assert planned(folder, copy.deepcopy(benchmark)) == {"findings": 1, **SUMMARIES}


def changed(more, section, **values):
    config = copy.deepcopy(more)
    config[section] |= values
    return config


def test_each_value_reruns_its_own_jobs(folder, more):
    few = {**more["analogies"]["few_shot"], "steps": 3}
    assert planned(folder, changed(more, "analogies", few_shot=few)) == {
        "few_shot": 1, "analogies_table": 1, "analogies_figure": 1, "pages": 1
    }  # fmt: skip
    assert planned(folder, changed(more, "negation_controls", seed=6)) == {
        "negation_controls": 2, "negation_controls_table": 1, **SUMMARIES
    }  # fmt: skip
    only = changed(more, "analogies", modes=["standard"])
    assert planned(folder, only) == {"analogies_table": 1, "analogies_figure": 1, "findings": 1, "pages": 1}
    backwards = changed(more, "analogies", quadruples=[{"a": "Signs", "b": "Sketches", "c": "Scenes", "d": "Photos"}])
    again = {"analogy": 2, "few_shot": 1, "analogies_table": 1, "analogies_figure": 1, "findings": 1, "pages": 1}
    assert planned(folder, backwards) == again


def test_auxiliary_tasks_are_in_no_other_table(folder):
    for file in (folder / RUN / "tables").glob("*.csv"):
        text = file.read_text()
        assert ("Sketches" in text) == (file.stem == "analogies") and "Photos," not in text, file
    assert not (folder / RUN / "tiny/seed0/linear/Photos").exists()


def test_the_table_of_analogies_tells_each_model(folder):
    frame = pd.read_csv(folder / RUN / "tables/analogies.csv", dtype={"shots": str})
    assert list(frame.columns) == [
        *("model", "seed", "mode", "quadruple", "task", "start", "shots"), *("alpha", "accuracy", "low", "high", "n")
    ]  # fmt: skip
    assert list(zip(frame["mode"], frame["start"], frame["shots"], strict=True)) == [
        *(("standard", "pretrained", shots) for shots in ("0", "1", "2", "all")),
        *(("standard", "analogy", shots) for shots in ("0", "1", "2")),
        *(("posthoc", "pretrained", shots) for shots in ("0", "all")),
        ("posthoc", "analogy", "0"),
    ]
    assert (frame["low"] <= frame["accuracy"]).all() and (frame["accuracy"] <= frame["high"]).all()
    assert set(frame["n"]) == {60} and set(frame["quadruple"]) == {QUADRUPLE}
    for suffix in ("md", "tex"):
        text = (folder / RUN / f"tables/analogies.{suffix}").read_text()
        assert "Scenes : Photos = Signs : Sketches, from analogy" in text and "1 shot" in text
    assert (folder / RUN / "figures/analogies_tiny.png").stat().st_size > 10_000


def test_the_table_of_controls_has_the_rows_of_the_paper(folder):
    frame = pd.read_csv(folder / RUN / "tables/negation_controls.csv")
    assert frame["method"].tolist() == ["pretrained", "fine-tuned", "random-vector", "negative"]
    negated = pd.read_csv(folder / RUN / "tables/negation.csv").set_index("mode")
    known = frame.set_index("method")
    columns = ["target", "control", "target_low", "target_high", "control_low", "control_high", "n", "n_control"]
    for method, mode in (("pretrained", "pretrained"), ("negative", "standard")):  # the same numbers, the same draws
        np.testing.assert_allclose(known.loc[method, columns].astype(float), negated.loc[mode, columns].astype(float))
    single = pd.read_csv(folder / RUN / "tables/single_task.csv").query("mode == 'standard' and split == 'test'")
    assert known.loc["fine-tuned", "target"] == pytest.approx(single["accuracy"].mean())
    assert "| Random vector" in (folder / RUN / "tables/negation_controls.md").read_text()


def tau(folder, task):
    file = folder / RUN / f"tiny/seed0/standard/{task}/tau.safetensors"
    return TaskVector({name: value.astype(np.float64) for name, value in load_file(file).items()})


def test_few_shot_models_start_from_where_they_say(folder):
    """Two steps of AdamW move no weight further than twice the rate and its decay, so the start is still seen."""
    test = pd.read_csv(folder / OF_STANDARD / "test.csv").set_index(["start", "shots"])["accuracy"]
    few = pd.read_csv(folder / OF_STANDARD / "few_shot.csv").set_index(["start", "shots"])
    choice = json.loads((folder / OF_STANDARD / "choice.json").read_text())
    assert few.loc["analogy", "alpha"].eq(choice["alpha"]).all() and few.loc["pretrained", "alpha"].eq(0).all()
    stored = predictions.read(folder / OF_STANDARD / "few_shot_predictions.npz")["Sketches", "test"]
    assert stored.shape == (4, 60)
    if choice["alpha"] == 0:
        assert np.array_equal(stored[:2], stored[2:]) and test["analogy", "0"] == test["pretrained", "0"]
    edit = analogy(*(tau(folder, task) for task in ("Scenes", "Photos", "Signs")))
    assert edit.norm() > 0


def test_shots_are_images_to_fit_of_every_class(folder):
    labels = np.load(folder / RUN / "data/Sketches/fit.index.npz")["label"]
    rows = few_shot_rows(labels, 2, 0)
    assert np.bincount(labels[rows]).tolist() == [2] * 14


def test_an_audit_passes(own):
    assert faults(audited()) == {}


@pytest.mark.parametrize(
    ("file", "change", "check"),
    [
        ("choice.json", {"alpha": 0.75}, "alphas are chosen by their sweeps"),
        ("sweep_val.csv", {"n": 7}, "sweeps on validation images"),
        ("sweep_val.csv", {"mode": "linear"}, "sweeps on validation images"),
        ("test.csv", {"alpha": 0.25}, "test accuracies"),
        ("few_shot.csv", {"shots": 4}, "test accuracies"),
        ("few_shot.csv", {"accuracy": 0.5}, "accuracies from stored predictions"),
        ("../../../negation_controls/Signs/choice.json", {"alpha": 0.75}, "alphas are chosen by their sweeps"),
        ("../../../negation_controls/Signs/test.csv", {"method": "fine-tuned"}, "test accuracies"),
        ("../../../negation_controls/Signs/test.csv", {"target": 0.5}, "accuracies from stored predictions"),
    ],
)
def test_a_forged_result_is_found(own, file, change, check, monkeypatch):
    without_figures(monkeypatch)
    place = f"{OF_STANDARD}/{file}"
    if file.endswith(".json"):
        own.json(place, lambda entry: entry.update(change))
    else:
        own.csv(place, lambda rows: [rows.__setitem__(name, value) for name, value in change.items()])
    own.put_right()
    assert check in faults(audited())


@pytest.mark.parametrize("table", ["analogies", "negation_controls"])
def test_a_forged_cell_of_a_table_is_named(own, table, monkeypatch):
    without_figures(monkeypatch)
    own.csv(f"{RUN}/tables/{table}.csv", lambda rows: rows.__setitem__(rows.columns[-2], 0.123))
    own.put_right()
    told = faults(audited())["tables from results"]
    assert any(f"tables/{table}.csv: " in line for line in told)


def test_every_cell_has_a_chain(own):
    run = FinishedRun.of(Path("config.yaml"), Path())
    count = 0
    for table in ("analogies", "negation_controls"):
        for row in trace._rows(run, table):
            names = [row[name] for name in trace.NAMED if name in row]
            text = list(trace.main(run, cell=" ".join([table, *names, "n"]), file=None, flowchart=None))
            assert any("theta_0" in line for line in text) and not any("BROKEN" in line for line in text)
            count += 1
    assert count == 14
    few = list(
        trace.main(
            run, cell=f"analogies tiny standard {QUADRUPLE} Sketches analogy 2 accuracy", file=None, flowchart=None
        )
    )
    assert any("few-shot fine-tuning" in line for line in few)
    assert all(any(f"standard/{task}/tau" in line for line in few) for task in ("Scenes", "Photos", "Signs"))
