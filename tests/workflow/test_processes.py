"""Two processes under torchrun fine-tune one model as one would, and lose nothing when they are stopped."""

import os
import re
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest
import torch

from lib.files import checkpoints
from lib.files.digests import file_digest
from tests.faults.tiny import make_inputs
from tests.workflow.conftest import ROOT
from workflow_scripts.training.group import Group

TRAINED = ["standard", "linear"]


@pytest.fixture(scope="module")
def inputs(tmp_path_factory) -> Path:
    folder = tmp_path_factory.mktemp("inputs")
    make_inputs(folder)
    return folder


def start(inputs: Path, out: Path, mode: str, **settings) -> subprocess.Popen:
    """A child that fine-tunes in `mode`; settings: processes, accumulate, epochs, learning_rate."""
    out.mkdir(exist_ok=True)
    command = [sys.executable, "-m", "tests.faults.train", str(inputs), mode, str(out)]
    command += [f"{name}={value}" for name, value in settings.items()]
    environment = {**os.environ, "OMP_NUM_THREADS": "1"}
    pipes = {"stdout": subprocess.PIPE, "stderr": subprocess.STDOUT, "text": True}
    return subprocess.Popen(command, cwd=ROOT, env=environment, **pipes)


def finish(child: subprocess.Popen) -> str:
    output, _ = child.communicate(timeout=300)
    assert child.returncode == 0, output
    return output


def theta(out: Path) -> dict[str, torch.Tensor]:
    return checkpoints.load(out / "out/theta.safetensors")


@pytest.mark.parametrize("mode", TRAINED)
def test_two_processes_train_as_one_does(inputs, tmp_path, mode):
    runs = {"one": {}, "accumulated": {"accumulate": 2}, "two": {"processes": 2}}
    for name, settings in runs.items():
        finish(start(inputs, tmp_path / name, mode, epochs=3, **settings))
    one, accumulated, two = (theta(tmp_path / name) for name in runs)
    assert all(torch.equal(two[name], accumulated[name]) for name in one), "a sum of two terms has one rounding"
    for name in one:
        if "in_proj_bias" not in name:  # a key's bias has no gradient but rounding, of which AdamW takes the sign
            torch.testing.assert_close(two[name], one[name], rtol=1e-3, atol=2e-5)


def test_told_to_stop_both_processes_end_and_go_on_with_the_same_bytes(inputs, tmp_path):
    finish(start(inputs, tmp_path / "undisturbed", "linear", accumulate=2, epochs=40))
    broken = tmp_path / "broken"
    child = start(inputs, broken, "linear", processes=2, epochs=40)
    wait_for(broken / "scratch/state.safetensors")
    child.send_signal(signal.SIGTERM)
    output, _ = child.communicate(timeout=120)
    assert child.returncode == 1
    (stopped,) = set(re.findall(r"ProcessesFailed: Interrupted: stopped on request after step (\d+)", output))
    finish(start(inputs, broken, "linear", processes=2, epochs=40))
    assert f"resumed after step {stopped} " in (broken / "job.log").read_text()
    digests = {file_digest(folder / "out/theta.safetensors") for folder in (broken, tmp_path / "undisturbed")}
    assert len(digests) == 1


def test_processes_whose_parent_was_killed_save_and_end(inputs, tmp_path):
    child = start(inputs, tmp_path, "standard", processes=2, epochs=2000)
    wait_for(tmp_path / "scratch/state.safetensors")
    child.kill()
    child.wait()
    deadline = time.monotonic() + 60
    while (alive := processes_of(tmp_path)) and time.monotonic() < deadline:
        time.sleep(0.2)
    assert not alive
    assert not (tmp_path / "out/theta.safetensors").exists()


def processes_of(folder: Path) -> list[int]:
    """The training processes that hold the folder's log open."""
    found = []
    for entry in Path("/proc").glob("[0-9]*/fd/*"):
        try:
            if os.readlink(entry) == str(folder / "job.log"):
                found.append(int(entry.parts[2]))
        except OSError:
            continue
    return found


def test_the_error_of_a_process_is_told(inputs, tmp_path):
    child = start(inputs, tmp_path, "standard", processes=2, epochs=3, learning_rate=1e30)
    output, _ = child.communicate(timeout=120)
    assert child.returncode == 1
    assert re.search(
        r"ProcessesFailed: Diverged: the loss is (nan|inf) at step \d+, .* \(process [01] of 2\)", output
    ), output


def test_a_group_of_one_asks_nobody():
    condition = lambda: True  # noqa: E731
    assert Group().any(condition, "cpu") is condition and Group().leads


def wait_for(path: Path, seconds: float = 60) -> None:
    deadline = time.monotonic() + seconds
    while not path.exists():
        assert time.monotonic() < deadline, f"no {path} after {seconds:.0f} s"
        time.sleep(0.05)
