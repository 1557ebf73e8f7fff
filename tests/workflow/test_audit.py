"""An audit passes on a finished run, names every tampering, and none of its checks is idle."""

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from tests.workflow.conftest import ROOT
from tests.workflow.tampering import CLUMSY, FORGED, LINEAR, RUN, Forgery
from workflow_scripts.audit import checks, deep
from workflow_scripts.audit.run import Run
from workflow_scripts.commands.audit import audit
from workflow_scripts.configuration.benchmark import load, read_effective


@pytest.fixture
def run(own_run, config, monkeypatch):
    monkeypatch.chdir(own_run)
    (own_run / "config.yaml").write_text(Path(f"{RUN}/config.yaml").read_text())
    return Forgery()


def faults(found):
    """The faults of all checks as lines, by check."""
    return {o.check: [f"{fault.place}: {fault.what}" for fault in o.faults] for o in found if o.faults}


def audited():
    return faults(audit(read_effective([Path("config.yaml")])))


def without_figures(monkeypatch):
    """Figures take three seconds, and see no file that other checks do not."""
    monkeypatch.delitem(checks.CHECKS, "figures from results")


def test_a_finished_run_passes(run):
    found = audit(read_effective([Path("config.yaml")]), deep=True)
    assert faults(found) == {} and len(found) == len(checks.CHECKS) + 4
    report = json.loads(Path(f"{RUN}/audit.json").read_text())
    assert report["passed"] and report["records"] == 52 and len(report["checks"]) == len(found)
    assert Path(f"{RUN}/audit.md").read_text().startswith("# Audit of the run tiny: passed\n")
    done = subprocess.run(["sha256sum", "--check", "--quiet", "provenance.sha256"], cwd=RUN, capture_output=True)
    assert done.returncode == 0
    assert audited() == {}  # the reports of an audit are no unknown files


@pytest.mark.parametrize("name", CLUMSY)
def test_a_tampering_is_found_and_named(run, name, monkeypatch):
    if "figure" not in name:
        without_figures(monkeypatch)
    change, where = CLUMSY[name]
    change(run)
    told = [line for lines in audited().values() for line in lines]
    assert any(where in line for line in told), told


@pytest.mark.parametrize("check", FORGED)
def test_what_is_forged_with_all_its_digests_is_found_by_one_check_alone(run, check):
    """Without that check it would go unseen: the check is not idle."""
    change, where = FORGED[check]
    change(run)
    told = audited()
    assert set(told) == {check}
    assert any(where in line for line in told[check]), told


def test_there_are_enough_tamperings():
    assert len(CLUMSY) + len(FORGED) >= 40


def test_forged_accuracies_are_found_where_they_are_counted_again(run):
    """Checks whose subject others see, too, each on a forgery that only this one of them is asked about."""
    bench = load(read_effective([Path("config.yaml")]))

    def seen(check):
        return [f"{fault.place}: {fault.what}" for fault in check(Run(bench, Path(), ROOT))]

    assert seen(deep.task_vectors) == [] and seen(deep.evaluations) == [] and seen(deep.similarities) == []
    run.csv(f"{LINEAR}/addition/sum/sweep_val.csv", lambda rows: rows.__setitem__("accuracy", 1.0))
    assert any("at alpha 0" in line for line in seen(checks.CHECKS["sweeps begin at the pre-trained model"]))
    run.csv(f"{LINEAR}/single_task.csv", lambda rows: rows.__setitem__("n", 3))
    assert any("single_task.csv" in line for line in seen(checks.CHECKS["single-task accuracies"]))
    for mode in ("linear", "standard", "posthoc", "linear-2"):
        run.csv(f"{RUN}/tiny/seed0/{mode}/single_task.csv", lambda rows: rows.__setitem__("accuracy", 0.0))
    assert any("counted again" in line for line in seen(deep.evaluations))
    for mode in ("linear", "standard", "linear-2"):
        for task in ("Scenes", "Signs"):
            file = f"{RUN}/tiny/seed0/{mode}/{task}/tau.safetensors"
            run.tensors(file, lambda tensors: tensors["proj"].__iadd__(1))
    assert len(seen(deep.task_vectors)) == deep.SAMPLE
    assert len(seen(deep.similarities)) == 6  # cosines and norms, of three modes


def test_the_command_ends_with_the_audits_verdict(run):
    words = [sys.executable, "-m", "workflow_scripts.commands.audit"]
    given = {"capture_output": True, "text": True, "env": {**os.environ, "PYTHONPATH": str(ROOT)}}
    done = subprocess.run(words, **given)
    assert done.returncode == 0 and "Audit of the run tiny: passed" in done.stdout
    run.flip(f"{LINEAR}/Signs/tau.safetensors")
    done = subprocess.run(words, **given)
    assert done.returncode == 1 and "linear/Signs/tau.safetensors" in done.stdout
    Path("config.yaml").write_text(Path("config.yaml").read_text().replace("run: tiny", "run: other"))
    done = subprocess.run(words, **given)
    assert done.returncode == 1 and "there is no run at results/other; run it first" in done.stderr
