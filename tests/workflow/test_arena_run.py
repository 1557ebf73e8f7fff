"""A run with the arena: what its section adds, what its table tells, and that forgeries are found."""

import copy

import pandas as pd
import pytest

from tests.workflow import conftest
from tests.workflow.conftest import planned
from tests.workflow.tampering import LINEAR, RUN, Forgery
from tests.workflow.test_audit import audited, faults, without_figures

RULES = ["sum", "mean", "regmean", "fisher", "atlas", "adamerging-tensors"]
MODES = ["standard", "posthoc", "linear", "linear-2"]


@pytest.fixture(scope="module")
def with_arena(benchmark):
    config = copy.deepcopy(benchmark)
    merging = [{"rule": rule} for rule in RULES] + [{"rule": "adamerging-transductive", "transductive": True}]
    return config | {"arena": {}, "merging": merging}


@pytest.fixture(scope="module")
def grown(finished, with_arena, tmp_path_factory):
    """The finished run with the arena added, and what was planned."""
    return conftest.grown(finished, with_arena, tmp_path_factory.mktemp("arena") / "run")


@pytest.fixture
def run(grown, tmp_path, monkeypatch):
    return Forgery.in_a_copy(grown[0], tmp_path / "own", monkeypatch)


def test_further_rules_train_nothing_and_leave_the_sum_alone(grown):
    jobs = grown[1]
    assert not {"finetune", "task_vector", "single_task", "negation"} & set(jobs)
    assert jobs["addition"] == len(MODES) * len(RULES) and jobs["coefficients"] == 3 * len(MODES)
    assert jobs["gram"] == jobs["fisher"] == 2 * len(MODES) and jobs["arena_table"] == jobs["arena_figure"] == 1


def test_nothing_is_left_to_do(grown, with_arena):
    assert planned(grown[0], with_arena) == {}


def test_without_the_section_there_is_no_table(grown, with_arena, benchmark):
    assert "arena_table" not in planned(grown[0], {key: value for key, value in with_arena.items() if key != "arena"})


def test_a_row_for_each_mode_and_rule_with_what_it_read(grown):
    frame = pd.read_csv(grown[0] / RUN / "tables/arena.csv").set_index(["mode", "rule"])
    assert len(frame) == 1 + len(MODES) * (len(RULES) + 1)
    assert frame.loc[("linear", "sum"), "reads"] == "nothing"
    assert frame.loc[("linear", "adamerging-transductive"), "reads"] == "test images"
    addition = pd.read_csv(grown[0] / RUN / "tables/addition.csv").set_index(["mode", "rule"])
    for column in ("absolute", "normalized", "single", "absolute_low", "absolute_high"):
        pd.testing.assert_series_equal(frame[column], addition[column].reindex(frame.index), rtol=1e-12)


def test_findings_speak_of_the_arena(grown):
    told = pd.read_csv(grown[0] / RUN / "findings.csv")["finding"]
    assert told.str.contains("arena: ").sum() == len(MODES) * (len(RULES) + 1)


def test_an_audit_passes(run):
    """Deep: coefficients are learned again."""
    assert faults(audited(deep=True)) == {}


@pytest.mark.parametrize("suffix", ["tex", "csv"])
def test_a_forged_table_is_found(run, suffix, monkeypatch):
    without_figures(monkeypatch)
    if suffix == "csv":
        run.cell(f"{RUN}/tables/arena.csv", "absolute", 0.99, mode="linear", rule="mean")
    else:
        run.text(f"{RUN}/tables/arena.tex", "&", "& 99 &")
    run.put_right()
    told = faults(audited())
    assert set(told) == {"tables from results"} and f"arena.{suffix}" in told["tables from results"][0]


def test_a_method_that_hides_what_it_read_is_found(run, monkeypatch):
    without_figures(monkeypatch)
    file = f"{RUN}/provenance/arena_table.json"
    run.json(file, lambda record: record["params"]["reads"]["linear"].update(atlas="nothing"))
    run.seal()
    assert any("ran with reads" in line for line in faults(audited())["params are the configuration's"])


def test_coefficients_of_another_learning_are_found(run, monkeypatch):
    without_figures(monkeypatch)
    file = f"{RUN}/provenance/coefficients/tiny/seed0/linear/atlas.json"
    run.json(file, lambda record: record["params"]["learned_by"].update(split="test"))
    run.seal()
    assert any("ran with learned_by" in line for line in faults(audited())["params are the configuration's"])


def test_changed_coefficients_are_found(run, monkeypatch):
    without_figures(monkeypatch)
    run.json(f"{LINEAR}/addition/atlas/coefficients.json", lambda told: told["coefficients"].update(Signs=0.9))
    told = [line for lines in faults(audited()).values() for line in lines]
    assert any("addition/atlas/coefficients.json" in line for line in told)
