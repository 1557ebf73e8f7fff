"""`make why`: which jobs would run again, and for which reason, in words."""

import os
import shutil
import subprocess
import sys

import pytest
import yaml

from tests.workflow.conftest import edit


def why(folder, config, project):
    """What the command prints in a run's folder."""
    file = folder.parent / "why.yaml"
    file.write_text(yaml.safe_dump(config))
    done = subprocess.run(
        [sys.executable, "-m", "workflow_scripts.commands.why", "--configfile", str(file)],
        cwd=folder,
        env={**os.environ, "PYTHONPATH": str(project)},
        capture_output=True,
        text=True,
        timeout=120,
    )
    assert done.returncode == 0, done.stderr[-2000:]
    return done.stdout


def test_a_finished_run_has_nothing_to_do(own_run, config, project):
    assert why(own_run, config, project) == "0 of 61 jobs would run.\n"


def test_module_value_and_input_are_named(own_run, config, project):
    edit(project / "lib/models/tangent_layers.py", "inverse_sd if dx else None", "inverse_sd * 1 if dx else None")
    config["evaluation"]["control_floor"] = 0.9
    shutil.rmtree(own_run / "results/tiny/figures")
    said = why(own_run, config, project)
    assert "finetune: 2 jobs\n  - code: lib/models/tangent_layers.py changed\n" in said
    assert "  - value: control_floor: 0.95 -> 0.9\n" in said
    assert "  - missing: results/tiny/figures/" in said
    assert "because of those: " in said and "tables 1" in said.partition("because of those: ")[2]
    assert "prepare" not in said and "head" not in said


def test_a_content_that_changed_is_named(own_run, config, project):
    file = own_run / "results/tiny/data/Signs/classes.json"
    file.write_text(file.read_text().replace("sign", "signal"))
    assert "head: 1 job\n  - other content: results/tiny/data/Signs/classes.json\n" in why(own_run, config, project)


def test_a_new_run_was_never_made(tmp_path, config, project):
    assert "prepare: 2 jobs\n  - never made\n" in why(tmp_path, config, project)


@pytest.mark.parametrize("fault", ["seedz", "mode"])
def test_a_wrong_configuration_is_told_in_its_own_words(tmp_path, config, project, fault):
    config["seedz" if fault == "seedz" else "modes"] = [3]
    file = tmp_path / "wrong.yaml"
    file.write_text(yaml.safe_dump(config))
    words = [sys.executable, "-m", "workflow_scripts.commands.why", "--configfile", str(file)]
    done = subprocess.run(
        words, cwd=tmp_path, env={**os.environ, "PYTHONPATH": str(project)}, capture_output=True, text=True, timeout=120
    )
    assert done.returncode == 1 and "the configuration cannot run" in done.stderr and "Traceback" not in done.stderr
