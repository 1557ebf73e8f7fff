"""Fetching what a configuration reads from the hub: once, into the cache that the run reads, with the real client."""

import hashlib
import os
import subprocess
import sys

import pytest
import yaml

from tests import miniatures
from tests.hub_server import Hub
from tests.workflow.conftest import ROOT

COMMIT = "0123456789abcdef0123456789abcdef01234567"


@pytest.fixture
def fetch(tmp_path):
    def run(config: dict, address: str, *, script: str = "fetch", **more: str) -> subprocess.CompletedProcess:
        file = tmp_path / "config.yaml"
        file.write_text(yaml.safe_dump(config))
        return subprocess.run(
            [sys.executable, "-m", f"workflow_scripts.commands.{script}", "--configfile", str(file)],
            cwd=ROOT,
            env={**os.environ, "HF_HOME": str(tmp_path / "hub"), "HF_ENDPOINT": address, **more},
            capture_output=True,
            text=True,
            timeout=120,
        )

    return run


def test_data_sets_of_the_hub_are_fetched_once_and_then_found_offline(fetch, config, tmp_path):
    miniatures.hub("svhn", tmp_path / "repo", train=2)
    config["tasks"][0] = {
        "name": "SVHN",
        "dataset": "svhn",
        "source": "hub",
        "epochs": 1,
        "options": {"revision": COMMIT},
    }
    config["disentanglement"]["pairs"] = []
    config["data_root"] = str(tmp_path / "data")
    with Hub(tmp_path / "repo", "ufldl-stanford/svhn", COMMIT) as server:
        done = fetch(config, server.address)
    assert (done.returncode, done.stderr) == (0, "")
    lines = done.stdout.splitlines()
    assert lines[0].startswith("tiny: weights are the file") and lines[2:] == [
        "Signs: data are made by code or shipped; nothing to fetch",
        "Objects: data are made by code or shipped; nothing to fetch",
    ]
    assert lines[1].startswith(f"SVHN: data of ufldl-stanford/svhn at {COMMIT[:8]}, ")
    assert len(list((tmp_path / "data").rglob("*.parquet"))) == 2
    assert fetch(config, server.address, HF_HUB_OFFLINE="1").stdout == done.stdout


def test_data_in_a_folder_need_no_fetching(fetch, config, tmp_path):
    config["data_root"] = str(tmp_path)
    options = {"path": "animals", "templates": ["a {}"]}
    config["tasks"][0] = {"name": "Animals", "dataset": "image_folder", "epochs": 1, "options": options}
    config["disentanglement"]["pairs"] = []
    done = fetch(config, "http://127.0.0.1:9", HF_HUB_OFFLINE="1")
    assert done.stdout.splitlines()[1] == f"Animals: data are read from {tmp_path}; nothing to fetch", done.stderr


def test_weights_of_the_hub_are_fetched_and_checked(fetch, config, tmp_path):
    (tmp_path / "repo").mkdir()
    (tmp_path / "repo/open_clip_model.safetensors").write_bytes(b"weights")
    weights = {"repository": "timm/tiny.openai", "revision": COMMIT, "filename": "open_clip_model.safetensors"}
    config["models"][0]["weights"] = {**weights, "sha256": hashlib.sha256(b"weights").hexdigest()}
    with Hub(tmp_path / "repo", "timm/tiny.openai", COMMIT, kind="models") as server:
        done = fetch(config, server.address)
        config["models"][0]["weights"]["sha256"] = "0" * 64
        wrong = fetch(config, server.address)
    assert done.stdout.startswith("tiny: weights of timm/tiny.openai are in ")
    assert wrong.returncode == 1 and "expected 0000" in wrong.stderr and "Traceback" not in wrong.stderr


def test_an_unreachable_hub_is_one_message(fetch, config):
    weights = {"repository": "timm/tiny.openai", "revision": COMMIT, "filename": "open_clip_model.safetensors"}
    config["models"][0]["weights"] = {**weights, "sha256": "0" * 64}
    done = fetch(config, "http://127.0.0.1:9", HF_HUB_OFFLINE="1")
    assert done.returncode == 1 and "check the network" in done.stderr and "Traceback" not in done.stderr
    assert "or name a file that you have, `weights: {file: ...}`" in done.stderr
    pinned = fetch(config, "http://127.0.0.1:9", script="pin", HF_HUB_OFFLINE="1")
    assert pinned.returncode == 1 and "where a branch points is known to the hub alone" in pinned.stderr


def test_pin_says_where_a_repository_is_now(fetch, config, tmp_path):
    miniatures.hub("svhn", tmp_path / "repo", train=2)
    config["tasks"][0] = {"name": "SVHN", "dataset": "svhn", "source": "hub", "epochs": 1}
    config["disentanglement"]["pairs"] = []
    with Hub(tmp_path / "repo", "ufldl-stanford/svhn", COMMIT) as server:
        moved = fetch(config, server.address, script="pin")
        config["tasks"][0]["options"] = {"revision": COMMIT}
        same = fetch(config, server.address, script="pin")
    assert moved.stdout.startswith(f"SVHN: ufldl-stanford/svhn is at {COMMIT}, pinned to "), moved.stderr
    assert same.stdout == f"SVHN: ufldl-stanford/svhn is at {COMMIT}, as pinned\n"
