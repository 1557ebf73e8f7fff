"""`make crate`: a finished run as a Workflow Run RO-Crate that the profiles' own validator accepts, offline.

Needs the environment that `make setup-crate` builds.
"""

import json
import os
import shutil
import subprocess
from pathlib import Path

import pytest
import yaml

from lib.files.digests import file_digest
from lib.provenance.records import read_all
from tests.workflow.conftest import ROOT
from workflow_scripts.commands import crate_entities
from workflow_scripts.scripts import SCRIPTS, script_file

PYTHON = ROOT / ".venv-crate/bin/python"
needs_environment = pytest.mark.skipif(not PYTHON.exists(), reason="no .venv-crate: make setup-crate")
PROFILES = ["ro-crate-1.1", "workflow-ro-crate", "process-run-crate", "workflow-run-crate", "provenance-run-crate"]


def python(folder, *words):
    """Run the crate's Python in a folder, without a network."""
    nowhere = {f"{scheme}_proxy": "http://127.0.0.1:9" for scheme in ("http", "https")}
    return subprocess.run(
        [PYTHON, *words],
        cwd=folder,
        env={**os.environ, **nowhere, "PYTHONPATH": str(ROOT)},
        capture_output=True,
        text=True,
        timeout=300,
    )


def export(folder, configfile, crate, *words):
    command = ["-m", "workflow_scripts.commands.crate", "--configfile", str(configfile), "--crate", str(crate)]
    return python(folder, *command, *words)


def validate(crate, profile="provenance-run-crate", severity="required"):
    program = (
        "import sys; from pathlib import Path; from workflow_scripts.commands.crate_validation import validated; "
        "sys.exit(validated(Path(sys.argv[1]), profile=sys.argv[2], severity=sys.argv[3]))"
    )
    return python(crate.parent, "-c", program, str(crate), profile, severity)


@pytest.fixture(scope="module")
def configfile(benchmark, tmp_path_factory):
    file = tmp_path_factory.mktemp("crate") / "crate.yaml"
    file.write_text(yaml.safe_dump(benchmark))
    return file


@pytest.fixture(scope="module")
def exported(finished, configfile):
    """The crate of the finished run and what the command said; nobody may change it."""
    crate = configfile.parent / "tiny-crate"
    done = export(finished, configfile, crate, "--agent", "A. Person")
    assert done.returncode == 0, done.stdout[-3000:] + done.stderr[-3000:]
    return crate, done.stdout


@pytest.fixture(scope="module")
def graph(exported):
    """@id -> entity."""
    return {
        entity["@id"]: entity for entity in json.loads((exported[0] / "ro-crate-metadata.json").read_text())["@graph"]
    }


def types(entity):
    return {entity["@type"]} if isinstance(entity["@type"], str) else {*entity["@type"]}


def of_type(graph, kind):
    return [entity for entity in graph.values() if kind in types(entity)]


def ids(value):
    """The @ids of one reference or several."""
    return [one["@id"] for one in ([value] if isinstance(value, dict) else value)]


def changed(exported, folder, change):
    """A copy of the crate whose entities were changed."""
    crate = Path(shutil.copytree(exported[0], folder / "changed"))
    file = crate / "ro-crate-metadata.json"
    content = json.loads(file.read_text())
    change({entity["@id"]: entity for entity in content["@graph"]})
    file.write_text(json.dumps(content))
    return crate


@needs_environment
def test_the_command_ends_with_the_validators_verdict(exported):
    assert "[OK] RO-Crate is a valid provenance-run-crate-0.5" in exported[1]
    assert exported[1].splitlines()[-1].endswith("conforms to Provenance Run Crate 0.5 and what it builds on")


@needs_environment
@pytest.mark.parametrize("profile", PROFILES)
def test_the_crate_conforms_to_every_profile(exported, profile):
    done = validate(exported[0], profile)
    assert done.returncode == 0, done.stdout[-3000:]


def without(key, kind):
    def change(graph):
        del of_type(graph, kind)[0][key]

    return change


@needs_environment
@pytest.mark.parametrize(
    ("change", "said"),
    [
        (without("hasPart", "ComputationalWorkflow"), "MUST refer to orchestrated tools via hasPart"),
        (without("instrument", "ControlAction"), "A ControlAction must reference a HowToStep"),
        (without("object", "OrganizeAction"), "OrganizeAction must reference the ControlAction"),
        (without("workExample", "HowToStep"), "HowToStep must refer to its corresponding tool"),
        (without("additionalType", "FormalParameter"), "FormalParameter MUST have an additionalType"),
        (without("instrument", "CreateAction"), "MUST have an instrument"),
        (lambda graph: graph["./"].pop("license"), "must specify a license"),
    ],
)
def test_the_validator_sees_what_is_missing(exported, tmp_path, change, said):
    """The offline context has the terms that the profiles ask for: else nothing would be looked at."""
    done = validate(changed(exported, tmp_path, change))
    assert done.returncode != 0 and said in " ".join(done.stdout.split())


@needs_environment
def test_a_file_that_is_gone_is_seen(exported, tmp_path):
    crate = Path(shutil.copytree(exported[0], tmp_path / "gone"))
    (crate / "results/tiny/tables/addition.csv").unlink()
    assert validate(crate).returncode != 0


@needs_environment
def test_every_record_is_an_action_of_its_step(finished, graph):
    records = read_all(finished, "results/tiny/provenance").records
    jobs = [entity for entity in of_type(graph, "CreateAction") if entity["@id"] != "#run"]
    assert len(jobs) == len(records) == len(of_type(graph, "ControlAction"))
    assert {step["name"] for step in of_type(graph, "HowToStep")} == {record.rule for record in records}
    for record in records:
        job, control = graph[f"#job/{record.file}"], graph[f"#control/{record.file}"]
        assert ids(control["object"]) == [job["@id"]] and ids(control["instrument"]) == [f"#step/{record.rule}"]
        assert (job["startTime"], job["endTime"]) == (record.startedAtTime, record.endedAtTime)
        by_digest = {graph[one].get("sha256") for one in ids(job["result"])}
        assert set(record.generated.values()) <= by_digest
        assert set(record.used.values()) <= {graph[one].get("sha256") for one in ids(job["object"])}
        named = {graph[one]["name"] for one in ids(job["object"]) if graph[one]["@type"] == "PropertyValue"}
        assert named == record.params.keys() - {"code"}


@needs_environment
def test_every_reference_is_to_an_entity_of_the_crate(graph):
    found = {
        one["@id"]
        for entity in graph.values()
        for key, value in entity.items()
        for one in (value if isinstance(value, list) else [value])
        if isinstance(one, dict)
    }
    known = (
        "https://w3id.org/ro/crate/",
        "https://w3id.org/workflowhub/",
        "https://bioschemas.org/",
        "https://doi.org/",
    )
    assert not {one for one in found - graph.keys() if not one.startswith((*known, "https://snakemake"))}


@needs_environment
def test_small_files_are_copied_and_weights_and_images_are_not(exported, graph):
    crate, _ = exported
    copied = {str(file.relative_to(crate)) for file in crate.rglob("*") if file.is_file()}
    assert {"Snakefile", "results/tiny/findings.md", "results/tiny/config.yaml", "rules/data.smk"} <= copied
    assert not [file for file in copied if file.endswith((".safetensors", ".images.bin"))]
    assert all((crate / file).stat().st_size <= 1_000_000 for file in copied - {"ro-crate-metadata.json"})
    files = of_type(graph, "File")
    assert {entity["@id"] for entity in files if not entity["@id"].startswith("#")} == copied - {
        "ro-crate-metadata.json"
    }
    for entity in files:
        if not entity["@id"].startswith("#"):
            assert file_digest(crate / entity["@id"]) == entity["sha256"]
    referred = {entity["@id"]: entity for entity in files if entity["@id"].startswith("#")}
    assert "#results/tiny/data/Signs/fit.images.bin" in referred
    assert "#results/tiny/tiny/seed0/linear/Signs/theta.safetensors" in referred
    assert all(len(entity["sha256"]) == 64 and int(entity["contentSize"]) > 0 for entity in referred.values())


@needs_environment
def test_weights_and_images_from_outside_are_told(graph):
    weights, images = graph["#weights/tiny"], graph["#images/Signs"]
    assert weights["sha256"] in weights["description"] and "synthetic" in images["description"]
    assert "#weights/tiny" in ids(graph["#job/results/tiny/provenance/pretrained/tiny.json"]["object"])


@needs_environment
def test_a_crate_is_replaced_and_another_folder_is_not(finished, configfile, exported, tmp_path):
    crate = Path(shutil.copytree(exported[0], tmp_path / "crate"))
    (crate / "old").touch()
    assert export(finished, configfile, crate).returncode == 0 and not (crate / "old").exists()
    other = tmp_path / "other"
    other.mkdir()
    (other / "mine").touch()
    done = export(finished, configfile, other)
    assert done.returncode == 1 and "exists and is no crate" in done.stderr and (other / "mine").exists()


@needs_environment
def test_a_result_that_was_edited_is_refused(own_run, configfile, tmp_path):
    file = own_run / "results/tiny/tables/addition.md"
    file.write_text(file.read_text() + "\n")
    done = export(own_run, configfile, tmp_path / "crate")
    assert done.returncode == 1 and "addition.md is not what its job made" in done.stderr
    assert not (tmp_path / "crate").exists()


@needs_environment
def test_a_script_that_is_not_the_one_that_ran_is_refused(own_run, configfile, tmp_path):
    """Today's script is not put in the place of the one that made the results."""
    script, file = SCRIPTS["addition"], own_run / "results/tiny/provenance/addition/tiny/seed0/linear/sum.json"
    digest = json.loads(file.read_text())["params"]["code"][script]
    file.write_text(file.read_text().replace(digest, "0" * 64))
    done = export(own_run, configfile, tmp_path / "crate")
    told = f"{script} is not the script that addition tiny 0 linear sum ran, by the digest in results/tiny/provenance/"
    assert done.returncode == 1 and told in done.stderr and not (tmp_path / "crate").exists()


@needs_environment
def test_a_run_without_records_says_what_to_do(tmp_path, configfile):
    done = export(tmp_path, configfile, tmp_path / "crate")
    assert done.returncode == 1 and "holds no record of a job: run it first" in done.stderr


@pytest.mark.parametrize("kind", ["image", "text"])
def test_every_rule_has_its_script(kind):
    found = crate_entities.scripts(sorted((ROOT / "rules").glob("*.smk")), kind)
    own = {rule: script_file(rule, kind) for rule in SCRIPTS}
    assert found == {**own, "prepare_control": own["prepare"], "finetune": found["finetune"]}
    assert all((ROOT / script).is_file() for script in found.values())


def test_the_lock_file_names_no_registry():
    lines = (ROOT / "envs/crate.lock").read_text().splitlines()
    assert all("://" not in line and "--index" not in line for line in lines)
    assert sum("--hash=sha256:" in line for line in lines) >= sum("==" in line for line in lines) > 30
