"""An audit passes on a finished run, names every tampering, and none of its checks is idle."""

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from tests.workflow.conftest import ROOT, without_reader
from tests.workflow.tampering import (
    CAREFUL,
    CLUMSY,
    FORGED,
    FORGED_KERNELS,
    LINEAR,
    RUN,
    Forgery,
    logs_of_a_task_cut_alike,
)
from workflow_scripts.audit import checks, report
from workflow_scripts.commands.audit import audit, status, wanted
from workflow_scripts.configuration.benchmark import read_effective

FIGURES = "figures from results"


@pytest.fixture
def run(own_run, config, monkeypatch):
    monkeypatch.chdir(own_run)
    (own_run / "config.yaml").write_text(Path(f"{RUN}/config.yaml").read_text())
    return Forgery()


def faults(found):
    """The faults of all checks as lines, by check."""
    return {o.check: [f"{fault.place}: {fault.what}" for fault in o.faults] for o in found if o.faults}


def audited(**options):
    return audit(read_effective([Path("config.yaml")]), **options)


def without_figures(monkeypatch):
    """Neither a forgery draws them nor an audit: they take seconds, and show what other checks see in files."""
    monkeypatch.setattr(report, "draw_figures", lambda run, folder: None)
    monkeypatch.delitem(checks.CHECKS, FIGURES)


def test_a_finished_run_passes(run):
    found = audit(read_effective([Path("config.yaml")]), deep=True)
    assert faults(found) == {} and [one.check for one in found] == list(wanted({}, deep=True))
    report = json.loads(Path(f"{RUN}/audit.json").read_text())
    assert report["passed"] and report["records"] == 61 and len(report["checks"]) == len(found)
    assert Path(f"{RUN}/audit.md").read_text().startswith("# Audit of the run tiny: passed\n")
    done = subprocess.run(["sha256sum", "--check", "--quiet", "provenance.sha256"], cwd=RUN, capture_output=True)
    assert done.returncode == 0
    assert status(found) == 0 and faults(audited()) == {}  # the reports of an audit are no unknown files


@pytest.mark.parametrize("name", [*CLUMSY, *CAREFUL])
def test_a_tampering_is_found_and_named(run, name, monkeypatch):
    if "figure" not in name:
        without_figures(monkeypatch)
    change, where = (CLUMSY | CAREFUL)[name]
    change(run)
    found = audited()
    told = [line for lines in faults(found).values() for line in lines]
    assert any(where in line for line in told), told
    assert status(found) == 1


@pytest.mark.parametrize("name", FORGED)
def test_a_consistent_forgery_is_found_by_one_check_alone(run, name, monkeypatch):
    """Without that check it would go unseen: the check is not idle."""
    change, check, where = FORGED[name]
    if check != FIGURES:
        without_figures(monkeypatch)
    change(run)
    found = audited(deep=check not in wanted({}, deep=False))
    told = faults(found)
    assert set(told) == {check}, told
    assert any(where in line for line in told[check]), told
    assert status(found) == 1 and status(one for one in found if one.check != check) == 0


def test_every_check_has_a_forgery_that_it_alone_finds():
    known = {check for _, check, _ in (FORGED | FORGED_KERNELS).values()}
    assert known == set(wanted({}, deep=True))


def test_there_are_enough_tamperings():
    assert len(CLUMSY) + len(CAREFUL) + len(FORGED) >= 70


def test_the_command_ends_with_the_audits_verdict(run):
    words = [sys.executable, "-m", "workflow_scripts.commands.audit"]
    given = {"capture_output": True, "text": True, "env": {**os.environ, "PYTHONPATH": str(ROOT)}}
    done = subprocess.run(words, **given)
    assert done.returncode == 0 and "Audit of the run tiny: passed" in done.stdout
    logs_of_a_task_cut_alike(run)
    run.put_right()
    run.flip(f"{LINEAR}/Signs/tau.safetensors")
    done = subprocess.run(words, **given)
    assert done.returncode == 1
    assert "linear/Signs/tau.safetensors" in done.stdout and "has 5 rows" in done.stdout
    unread = without_reader(Path(), *words[1:])
    assert (unread.stderr, unread.returncode) == ("", 1)  # of `make audit | head`, the verdict stays
    Path("config.yaml").write_text(Path("config.yaml").read_text().replace("run: tiny", "run: other"))
    done = subprocess.run(words, **given)
    assert done.returncode == 1 and "there is no run at results/other; run it first" in done.stderr
