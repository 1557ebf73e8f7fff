"""Checkpoints on the hub: checked, pinned and fetched like weights; and the configuration of the public ones."""

import hashlib
from pathlib import Path

import pytest
import yaml

from tests.hub_server import Hub
from tests.workflow.conftest import ROOT, planned, run_snakemake
from tests.workflow.test_fetch import COMMIT, fetch  # noqa: F401  (a fixture)
from workflow_scripts.commands.workload import trainings
from workflow_scripts.configuration import resolution
from workflow_scripts.configuration.benchmark import ConfigurationError, load, read
from workflow_scripts.configuration.pins import require_pinned
from workflow_scripts.models import weights

REPOSITORY = "someone/clip_signs"
DIGEST = hashlib.sha256(b"theta").hexdigest()
UNPINNED = {
    "model": "tiny",
    "mode": "standard",
    "task": "Signs",
    "seed": 0,
    "repository": REPOSITORY,
    "revision": None,
    "filename": "model.safetensors",
    "sha256": None,
}
PINNED = UNPINNED | {"revision": COMMIT, "sha256": DIGEST}


def fault(config):
    with pytest.raises(ConfigurationError) as error:
        load(config)
    return str(error.value)


@pytest.mark.parametrize(
    ("key", "value", "message"),
    [
        ("revision", "main", "checkpoints[0].revision: got 'main', expected a full commit hash, 40 hexadecimal digits"),
        ("revision", 3, "checkpoints[0].revision: got 3, expected text or null"),
        ("sha256", "0" * 63, "checkpoints[0].sha256: got '000"),
        ("repository", "someone", "checkpoints[0].repository: got 'someone', expected owner/name on the hub"),
        ("filename", "../a", "checkpoints[0].filename: got '../a', expected path inside the repository"),
        ("repositori", "a/b", "checkpoints[0]: unknown key 'repositori'; did you mean 'repository'?"),
        ("file", "a.pt", "checkpoints[0]: unknown key 'repository'"),
        ("task", "Objects", "checkpoints[0].task: this run trains no 'Objects'"),
    ],
)
def test_an_entry_that_cannot_be_meant_is_refused(config, key, value, message):
    config["checkpoints"] = [PINNED | {key: value}]
    assert message in fault(config)


def test_missing_keys_and_one_file_for_two_runs_are_refused(config):
    config["checkpoints"] = [{key: value for key, value in PINNED.items() if key not in ("revision", "sha256")}]
    assert "checkpoints[0]: revision, sha256 is missing" in fault(config)
    config["checkpoints"] = [PINNED, UNPINNED | {"task": "Scenes"}]
    assert "checkpoints[1].repository: model.safetensors of someone/clip_signs is the file of checkpoints[0]" in fault(
        config
    )


def test_an_entry_without_pins_can_be_planned_and_no_more(config):
    config["checkpoints"] = [UNPINNED]
    bench = load(config)
    assert ("standard", "Signs") not in {(mode.name, task.name) for _, mode, task in trainings(bench)}
    with pytest.raises(ConfigurationError, match=r"checkpoints\[0\]: someone/clip_signs has revision None .*make pin"):
        require_pinned(bench)
    config["checkpoints"] = [PINNED]
    require_pinned(load(config))


def test_a_file_and_a_file_on_the_hub_count_by_their_bytes(config, checkpoint):
    config["checkpoints"] = [checkpoint, PINNED | {"task": "Scenes"}]
    file, on_hub = load(config).checkpoints
    assert file.pinned and resolution.weights(file) == hashlib.sha256(Path(checkpoint["file"]).read_bytes()).hexdigest()
    assert on_hub.pinned and resolution.weights(on_hub) == DIGEST


def test_a_dry_run_imports_it_once_it_is_pinned(tmp_path, config):
    config["checkpoints"] = [PINNED]
    jobs = planned(tmp_path, config)
    assert jobs["import_checkpoint"] == 1
    config["checkpoints"] = [UNPINNED]
    refused = run_snakemake(tmp_path, "--dry-run", config=config)
    assert refused.returncode == 1 and "someone/clip_signs has revision None" in refused.stdout
    assert "Traceback" not in refused.stdout


@pytest.fixture
def repository(tmp_path):
    (tmp_path / "repo").mkdir()
    (tmp_path / "repo/model.safetensors").write_bytes(b"theta")
    (tmp_path / "repo/config.json").write_bytes(b"{}")
    return tmp_path / "repo"


def test_pin_prints_the_entry_to_write_and_fetch_then_finds_it(fetch, config, repository):  # noqa: F811
    config["checkpoints"] = [UNPINNED]
    with Hub(repository, REPOSITORY, COMMIT, kind="models") as server:
        refused = fetch(config, server.address)
        told = fetch(config, server.address, script="pin")
        first, entry = told.stdout.splitlines()
        assert first == f"tiny/seed0/standard/Signs: {REPOSITORY} is at {COMMIT}, pinned to None"
        assert not any("resolve" in request for request in server.requests)  # nothing was fetched for it
        config["checkpoints"] = yaml.safe_load(entry)
        assert config["checkpoints"] == [PINNED]
        pinned = fetch(config, server.address, script="pin")
        done = fetch(config, server.address)
        config["checkpoints"][0]["sha256"] = "0" * 64
        wrong = fetch(config, server.address)
    assert refused.returncode == 1 and "make pin" in refused.stderr and "Traceback" not in refused.stderr
    assert pinned.stdout == f"tiny/seed0/standard/Signs: {REPOSITORY} is at {COMMIT}, as pinned\n"
    assert f"tiny/seed0/standard/Signs: checkpoint of {REPOSITORY} is in " in done.stdout, done.stderr
    assert wrong.returncode == 1 and "expected 0000" in wrong.stderr and "Traceback" not in wrong.stderr


def test_a_file_whose_sha256_the_hub_does_not_tell_is_refused(fetch, config, repository):  # noqa: F811
    with Hub(repository, REPOSITORY, COMMIT, kind="models") as server:
        config["checkpoints"] = [UNPINNED | {"filename": "config.json"}]
        small = fetch(config, server.address, script="pin")
        config["checkpoints"] = [UNPINNED | {"filename": "absent.bin"}]
        absent = fetch(config, server.address, script="pin")
    assert "a small file, whose sha256 the hub does not tell" in small.stderr and small.returncode == 1
    assert "got only config.json, model.safetensors" in absent.stderr and absent.returncode == 1


def test_a_job_takes_the_fetched_file(monkeypatch, repository):
    asked = []
    monkeypatch.setattr(
        weights, "hub_file", lambda *names, **more: asked.append((names, more)) or repository / "model.safetensors"
    )
    assert weights.local_file(PINNED) == str(repository / "model.safetensors")
    assert asked == [((REPOSITORY, "model.safetensors"), {"revision": COMMIT})]
    with pytest.raises(ValueError, match="expected 0000"):
        weights.local_file(PINNED | {"sha256": "0" * 64})


def test_the_public_checkpoints_leave_nothing_to_train():
    bench = read(ROOT / "configs/public_checkpoints.yaml")
    assert not trainings(bench) and len(bench.checkpoints) == 3 * 8
    assert bench.models == read(ROOT / "config.yaml").pretrained
    assert {entry.mode for entry in bench.checkpoints} == {"standard"} and set(bench.modes) == {"standard", "posthoc"}
    assert {task.source for task in bench.tasks} == {"hub"}
    heads = {"ViT-B-32": "base-patch32", "ViT-B-16": "base-patch16", "ViT-L-14": "large-patch14"}
    for entry in bench.checkpoints:
        task = {"Cars": "stanford-cars"}.get(entry.task, entry.task.lower())
        assert entry.repository == f"tanganke/clip-vit-{heads[entry.model]}_{task}"
        assert entry.pinned or (entry.revision, entry.sha256) == (None, None)
