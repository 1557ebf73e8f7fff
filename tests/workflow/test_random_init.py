"""A model with a random image tower beside the pre-trained one: what it adds to a finished run, and where it shows."""

import copy
import hashlib
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
import yaml

from tests.workflow import conftest, test_audit
from tests.workflow.conftest import planned, run_snakemake
from tests.workflow.tampering import RUN, Forgery
from tests.workflow.test_audit import faults, without_figures
from workflow_scripts.commands import trace
from workflow_scripts.commands.finished_run import FinishedRun
from workflow_scripts.configuration.benchmark import load

RANDOM = f"{RUN}/random/seed0"
# two tasks and the control, two modes
JOBS = {
    "pretrained": 1, "head": 3, "zero_shot": 1, "finetune": 4, "task_vector": 4, "single_task": 2, "addition": 2,
    "random_init": 1, "bootstrap": 1, "tables": 1, "findings": 1, "reproduction": 1, "pages": 1,
}  # fmt: skip
# what is made again of all models; the tables of the others come out as they were
AGAIN = {
    *(f"{RUN}/findings.{suffix}" for suffix in ("md", "csv", "html")), f"{RUN}/resamples.npz",
    *(f"{RUN}/provenance/{rule}.json" for rule in ("bootstrap", "tables", "findings", "reproduction", "pages")),
}  # fmt: skip


@pytest.fixture(scope="module")
def both(benchmark):
    """The tiny benchmark with a random model, too."""
    config = copy.deepcopy(benchmark)
    more = {"name": "random", "image_tower": {"random_seed": 3}, "modes": ["standard", "linear"]}
    config["models"].append(config["models"][0] | more)
    return config


@pytest.fixture(scope="module")
def grown(finished, both, tmp_path_factory):
    """The finished run after the random model was added to its configuration; what was planned; digests before that."""
    return *conftest.grown(finished, both, tmp_path_factory.mktemp("random") / "run"), digests(finished)


def digests(folder):
    files = [path for path in (folder / RUN).rglob("*") if path.is_file() and "logs" not in path.parts]
    return {str(path.relative_to(folder)): hashlib.sha256(path.read_bytes()).hexdigest() for path in files}


def test_it_adds_its_own_jobs_and_its_table(grown):
    assert grown[1] == JOBS


def test_no_other_file_of_the_run_changes(grown):
    folder, _, before = grown
    after = digests(folder)
    changed = {file for file in before if after[file] != before[file]}
    assert changed == {f"{RUN}/config.yaml", f"{RUN}/provenance.sha256", *AGAIN}
    made = {file for file in after.keys() - before.keys() if "/provenance/" not in file}
    tables = {f"{RUN}/tables/random_init.{suffix}" for suffix in ("csv", "md", "tex", "html")}
    assert {file for file in made if not file.startswith(f"{RUN}/random/")} == tables
    assert not [file for file in made if "negation" in file or "disentanglement" in file]
    assert planned(folder, yaml.safe_load((folder / RUN / "config.yaml").read_text())) == {}


def test_its_table_follows_from_the_files_below_it(grown):
    folder = grown[0]
    frame = pd.read_csv(folder / f"{RUN}/tables/random_init.csv").set_index("mode")
    measured = ["single", "multi", "single_low", "single_high", "multi_low", "multi_high", "n"]
    assert list(frame) == ["model", "seed", "alpha", *measured] and set(frame["model"]) == {"random"}
    assert list(frame.index) == ["random", "standard", "linear"]
    before = pd.read_csv(folder / f"{RUN}/random/pretrained/accuracy.csv").query(
        "split == 'test' and task != 'Objects'"
    )
    assert frame.loc["random", "single"] == pytest.approx(before["accuracy"].mean()) and len(before) == 2
    assert frame.loc["random", ["alpha", "multi"]].isna().all()
    for mode in ("standard", "linear"):
        own = pd.read_csv(folder / RANDOM / mode / "single_task.csv").query("split == 'test'")
        added = pd.read_csv(folder / RANDOM / mode / "addition/sum/test.csv")
        assert frame.loc[mode, "single"] == pytest.approx(own["accuracy"].mean())
        assert frame.loc[mode, "multi"] == pytest.approx(added["accuracy"].mean())
        assert frame.loc[mode, "alpha"] == added["alpha"][0]
    printed = (folder / f"{RUN}/tables/random_init.md").read_text()
    assert "| Random init" in printed and "random Single (↑)" in printed and "random Multi (↑)" in printed


def test_every_other_rule_of_the_run_leaves_it_with_the_sum(both, tmp_path):
    several = both | {"merging": [{"rule": "sum"}, {"rule": "mean"}]}
    assert planned(tmp_path, several)["addition"] == 4 * 2 + 2
    bench = load(several)
    assert {where["merging"] for where in bench.additions(bench.random_init)} == {"sum"}


@pytest.fixture
def run(grown, tmp_path, monkeypatch):
    return Forgery.in_a_copy(grown[0], tmp_path / "own", monkeypatch)


def audited():
    """Check -> its faults, of those that have any."""
    return faults(test_audit.audited())


def test_an_audit_passes(run):
    assert audited() == {}


def better(rows):
    rows.loc[rows["mode"] == "linear", "multi"] = 0.987


def test_a_tampered_table_is_named(run, monkeypatch):
    without_figures(monkeypatch)
    run.csv(f"{RUN}/tables/random_init.csv", better)
    assert any(
        "random_init.csv: multi of random, 0, linear is 0.987" in line for line in audited()["tables from results"]
    )


def test_a_table_that_was_forged_with_all_its_digests_is_found_by_one_check_alone(run, monkeypatch):
    without_figures(monkeypatch)
    run.text(f"{RUN}/tables/random_init.tex", "&", "& 99 &")
    run.put_right()
    told = audited()
    assert set(told) == {"tables from results"} and "random_init.tex" in told["tables from results"][0]


def test_a_forged_tower_of_a_seed_is_named(run, monkeypatch):
    without_figures(monkeypatch)
    file = f"{RUN}/provenance/pretrained/random.json"
    run.json(file, lambda record: record["params"].update(image_tower={"random_seed": 4}))
    run.seal()
    assert any("ran with image_tower" in line for line in audited()["params are the configuration's"])


@pytest.mark.parametrize(
    ("cell", "maker"),
    [
        ("random random single", "zero_shot"),
        ("random linear single", "single_task"),
        ("random linear multi", "addition"),
    ],
)
def test_a_cell_leads_back_to_the_job_that_measured_it(run, cell, maker):
    lines = list(
        trace.main(FinishedRun.of(Path("config.yaml"), Path()), cell=f"random_init {cell}", file=None, flowchart=None)
    )
    assert lines[0].startswith(f"random_init {cell}: 0.")
    assert any("results/tiny/random/" in line and maker in line for line in lines)
    assert not any("results/tiny/tiny/" in line for line in lines)


def test_a_task_at_accuracy_zero_ends_no_run(run, both, monkeypatch):
    """Its share of the mean is left out, its normalized accuracy is empty; the audit denies the zero alone."""
    file = f"{RANDOM}/standard/single_task.csv"

    def nothing_right(rows):
        rows.loc[rows["task"] == "Signs", "accuracy"] = 0.0

    run.csv(file, nothing_right)
    done = run_snakemake(
        Path.cwd(), "--cores", "1", "--rerun-triggers", "mtime", "--", f"{RUN}/tables/random_init.csv", config=both
    )
    assert done.returncode == 0, done.stdout[-3000:]
    tested = pd.read_csv(f"{RANDOM}/standard/addition/sum/test.csv").set_index("task")
    assert np.isnan(tested.loc["Signs", "normalized"]) and tested.loc["Scenes", "normalized"] >= 0
    run.pages()
    run.put_right()
    without_figures(monkeypatch)
    told = [line for lines in audited().values() for line in lines]
    assert told and all(line.startswith(f"{file}: accuracy of Signs") for line in told)  # what the predictions deny
