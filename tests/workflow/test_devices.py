"""Jobs of one machine share its GPUs without meeting: several processes, pretend devices, no torch."""

import subprocess
import sys
from collections.abc import Iterator
from contextlib import ExitStack

import pytest

from tests.workflow.conftest import ROOT
from workflow_scripts.job import adapter, devices

HOLD = """
import os, sys
from pathlib import Path
from workflow_scripts.job.devices import claim

held = claim(sys.argv[2].split(","), Path(sys.argv[1]), wait_seconds=float(sys.argv[3]))
assert held.device == os.environ["CUDA_VISIBLE_DEVICES"]
print(held.device, flush=True)
sys.stdin.read()
"""
THREE = ["0", "GPU-1", "2"]


@pytest.fixture
def holder(tmp_path) -> Iterator:
    """A function that starts a process which claims a device and holds it until its stdin is closed."""
    with ExitStack() as stack:

        def start(wait_seconds: float = 0.0) -> subprocess.Popen:
            command = [sys.executable, "-c", HOLD, str(tmp_path / "locks"), ",".join(THREE), str(wait_seconds)]
            pipes = dict.fromkeys(("stdin", "stdout", "stderr"), subprocess.PIPE)
            process = subprocess.Popen(command, cwd=ROOT, text=True, **pipes)
            stack.callback(process.wait, 30)
            stack.callback(process.kill)
            return process

        yield start


def device_of(process: subprocess.Popen) -> str:
    return process.stdout.readline().strip()


def test_no_two_processes_hold_the_same_device(holder):
    together = [holder() for _ in THREE]
    assert sorted(map(device_of, together)) == sorted(THREE)
    one_too_many = holder()
    assert one_too_many.wait(30) == 1
    message = one_too_many.stderr.read()
    assert "no free GPU among 3" in message and f"process {together[0].pid}" in message
    assert "--resources gpu=3" in message


def test_a_killed_holder_frees_its_device_for_one_that_waits(holder):
    holders = {device_of(process): process for process in [holder() for _ in THREE]}
    waiting = holder(wait_seconds=30.0)
    holders["GPU-1"].kill()
    assert device_of(waiting) == "GPU-1"


def test_a_device_is_free_again_after_the_block(tmp_path, monkeypatch):
    monkeypatch.setenv("CUDA_VISIBLE_DEVICES", "0,1")
    with devices.claim(devices.visible_devices(), tmp_path) as first, devices.claim(["0", "1"], tmp_path) as second:
        assert (first.device, second.device) == ("0", "1")
        assert devices.visible_devices() == ["1"]
    with devices.claim(["0", "1"], tmp_path) as again:
        assert again.device == "0"


def test_a_job_of_several_processes_holds_a_device_for_each(tmp_path, monkeypatch):
    monkeypatch.setenv("CUDA_VISIBLE_DEVICES", ",".join(THREE))
    with devices.claim_several(THREE, 2, tmp_path) as held:
        assert devices.visible_devices() == held == ["0", "GPU-1"]
        with devices.claim(THREE, tmp_path) as other:
            assert other.device == "2"
            with pytest.raises(devices.NoFreeDevice, match="no free GPU among 3"):
                devices.claim(THREE, tmp_path, wait_seconds=0)
    with devices.claim(THREE, tmp_path) as again:
        assert again.device == "0"


@pytest.mark.parametrize("rank", [0, 1])
def test_a_process_of_torchrun_takes_the_device_of_its_rank(rank, monkeypatch):
    monkeypatch.setenv("CUDA_VISIBLE_DEVICES", "7,8")
    monkeypatch.setenv("LOCAL_RANK", str(rank))
    adapter._claim_one_gpu()
    assert devices.visible_devices() == [str(7 + rank)]


def test_waiting_is_said_once(tmp_path, monkeypatch):
    monkeypatch.setenv("CUDA_VISIBLE_DEVICES", "0")
    monkeypatch.setattr(devices, "POLL_SECONDS", 0.01)
    notes = []
    with devices.claim(["0"], tmp_path), pytest.raises(devices.NoFreeDevice, match="no free GPU among 1: 0 by process"):
        devices.claim(["0"], tmp_path, wait_seconds=0.1, note=notes.append)
    assert len(notes) == 1 and "waiting up to 0 s" in notes[0]


@pytest.mark.parametrize(("job", "expected"), [(None, "7"), ("123", "7,8")])
def test_a_job_claims_a_device_unless_slurm_gave_it_some(job, expected, tmp_path, monkeypatch):
    monkeypatch.setenv("CUDA_VISIBLE_DEVICES", "7,8")
    monkeypatch.delenv("SLURM_JOB_ID", raising=False)
    if job is not None:
        monkeypatch.setenv("SLURM_JOB_ID", job)
    monkeypatch.setattr(devices, "default_lock_dir", lambda: tmp_path)
    adapter._claim_one_gpu()
    assert devices.visible_devices() == expected.split(",")
    adapter._claim_one_gpu()  # a second time, it keeps what it holds
    assert devices.visible_devices() == expected.split(",")
    while adapter._held:
        adapter._held.pop().close()


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("GPU 0: A (UUID: GPU-1a)\nGPU 1: A (UUID: GPU-2b)\n", ["GPU-1a", "GPU-2b"]),
        ("GPU 0: A (UUID: GPU-1a)\n  MIG 1g.5gb Device 0: (UUID: MIG-3c)\n", ["MIG-3c"]),
        ("No devices found.\n", []),
    ],
)
def test_the_drivers_list_is_read(text, expected):
    assert devices.listed(text) == expected
