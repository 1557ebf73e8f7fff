"""kill -9 at any moment of fine-tuning: run again, it goes on from its state and ends with the same bytes.

KILLS (default 4) kills are dealt to each mode of KILL_MODES (default: standard), at moments drawn with a seed.
"""

from __future__ import annotations

import os
import random
import shutil
import subprocess
import sys
import time
from collections import Counter
from dataclasses import dataclass, field
from pathlib import Path

import pytest

from lib.files.digests import file_digest
from tests.faults.tiny import make_inputs
from tests.workflow.conftest import ROOT

KILLS = int(os.environ.get("KILLS", "4"))
MODES = os.environ.get("KILL_MODES", "standard").split()


@dataclass
class Training:
    """A folder with a tiny model's fine-tuning, and what befell it."""

    folder: Path
    mode: str
    counts: Counter = field(default_factory=Counter)
    seconds: float = 0.0

    @property
    def theta(self) -> Path:
        return self.folder / "out/theta.safetensors"

    @property
    def state(self) -> Path:
        return self.folder / "scratch/state.safetensors"

    def start(self) -> subprocess.Popen:
        """A child that has just begun main()."""
        command = [sys.executable, "-m", "tests.faults.train", str(self.folder), self.mode]
        environment = {**os.environ, "OMP_NUM_THREADS": "1"}
        child = subprocess.Popen(command, cwd=ROOT, env=environment, stdout=subprocess.PIPE, text=True)
        assert child.stdout.readline() == "training\n"
        return child

    def run(self, kill_after: float | None = None) -> bool:
        """Run a child; kill -9 it after so many seconds of training. True if it came to its end before."""
        child, begun = self.start(), time.monotonic()
        try:
            assert child.wait(600 if kill_after is None else kill_after) == 0
        except subprocess.TimeoutExpired:
            child.kill()
            child.wait()
            self.counts["kills"] += 1
            return False
        finally:
            child.stdout.close()
        self.seconds = time.monotonic() - begun
        return True

    def digest_and_clear(self) -> str:
        """The result's digest; then everything that the training wrote is removed."""
        found = file_digest(self.theta)
        shutil.rmtree(self.theta.parent)
        self.state.unlink()  # as extracting the task vector does
        return found

    def resumptions(self) -> int:
        return (self.folder / "job.log").read_text().count("resumed after step")


@pytest.mark.parametrize("mode", MODES)
def test_a_finished_run_whose_files_were_lost_writes_them_again_without_training(mode, tmp_path):
    """As happens to a job that is cancelled after its last step, before anybody saw its end."""
    make_inputs(tmp_path)
    training = Training(tmp_path, mode)
    training.run()
    files = {path.name: path.read_bytes() for path in training.theta.parent.iterdir()}
    steps = len((training.theta.parent / "training_log.csv").read_text().splitlines()) - 1
    shutil.rmtree(training.theta.parent)
    training.run()
    assert {path.name: path.read_bytes() for path in training.theta.parent.iterdir()} == files
    assert training.resumptions() == 1 and f"resumed after step {steps} " in (tmp_path / "job.log").read_text()


@pytest.mark.parametrize("mode", MODES)
def test_whenever_it_is_killed_fine_tuning_ends_with_the_same_bytes(mode, tmp_path):
    make_inputs(tmp_path)
    training, moments, begun = Training(tmp_path, mode), random.Random(f"{mode} 0"), time.monotonic()
    training.run()
    seconds, undisturbed = training.seconds, training.digest_and_clear()
    digests = []
    for _ in range(4 * KILLS):
        if training.counts["kills"] == KILLS:
            break
        if training.run(kill_after=moments.uniform(0, seconds)):
            digests.append(training.digest_and_clear())
    expected = training.resumptions() + training.state.exists()
    training.run()
    assert training.resumptions() == expected, "what the last kill left is used"
    digests.append(training.digest_and_clear())
    assert training.counts["kills"] == KILLS
    assert digests == [undisturbed] * len(digests)
    assert "is damaged" not in (tmp_path / "job.log").read_text()
    print(
        f"{mode}: {KILLS} kills, {training.resumptions()} times resumed, {len(digests)} of {len(digests)} ends with "
        f"the bytes of the undisturbed run, {time.monotonic() - begun:.0f} s"
    )
