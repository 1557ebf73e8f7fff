"""A disk that is full when a stage writes: it fails with the file's name, leaves no half of anything, and can go on.

Needs root, for a small tmpfs. Each stage's main() runs in this process; one stage also runs through Snakemake.
"""

from __future__ import annotations

import os
import re
import signal
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

from lib.files.atomic import DiskFull
from tests.faults.stages import Stages
from tests.workflow.conftest import benchmark, make_clip, run_snakemake  # noqa: F401 (a fixture)

STAGES = [stage.__name__ for stage in Stages(Path(), Path()).in_order()]
SPARE = 8192  # bytes left for stages whose files are large: they fail in the middle of one
LARGE = {"prepare", "pretrained", "finetune", "task_vector"}


class Disk:
    """A mounted file system that can be filled."""

    def __init__(self, folder: Path):
        self.folder, self.filler = folder, folder / "filler"

    def fill(self, spare: int) -> None:
        """Fill it but for `spare` bytes."""
        room = os.statvfs(self.folder)
        with open(self.filler, "wb") as file:
            os.posix_fallocate(file.fileno(), 0, room.f_bavail * room.f_frsize - spare)

    def clear(self) -> None:
        self.filler.unlink()

    def files(self) -> set[Path]:
        return {path for path in self.folder.rglob("*") if path.is_file()} - {self.filler}


@pytest.fixture(scope="module")
def disk(tmp_path_factory) -> Iterator[Disk]:
    folder = tmp_path_factory.mktemp("disk")
    mounted = subprocess.run(
        ["mount", "-t", "tmpfs", "-o", "size=24m", "tmpfs", folder], capture_output=True, text=True
    )
    if mounted.returncode:
        give_up(f"a tmpfs cannot be mounted: {mounted.stderr.strip()}")
    try:
        yield Disk(folder)
    finally:
        subprocess.run(["umount", "--lazy", folder], check=True)


def give_up(reason: str) -> None:
    if os.environ.get("REQUIRE_ROOT") == "1":
        pytest.fail(f"REQUIRE_ROOT=1, but {reason}", pytrace=False)
    pytest.skip(reason)


@pytest.fixture(scope="module")
def stages(disk, tmp_path_factory) -> Iterator[Stages]:
    clip, handler = tmp_path_factory.mktemp("clip"), signal.getsignal(signal.SIGTERM)
    make_clip(clip)
    yield Stages(clip, disk.folder / "run")
    signal.signal(signal.SIGTERM, handler)


@pytest.mark.parametrize("name", STAGES)  # in this order: each stage reads what those before it wrote
def test_a_stage_on_a_full_disk_leaves_nothing_and_can_go_on(name, disk, stages):
    stage, before = getattr(stages, name), disk.files()
    disk.fill(SPARE if name in LARGE else 0)
    with pytest.raises(
        DiskFull, match=r"No space left on device while writing \S+/run/\S+: .* MB are free in "
    ) as full:
        stage()
    assert disk.files() == before
    disk.clear()
    stage()
    written = disk.files() - before
    named = Path(re.search(r"while writing (\S+):", str(full.value)).group(1))
    assert named in written, "the message names the file that could not be written"
    assert not [path for path in written if ".partial" in path.name]


def test_a_training_state_that_does_not_fit_spoils_no_state(disk, stages):
    stages.finetune()
    before = disk.files()
    disk.fill(SPARE)
    with pytest.raises(DiskFull, match=r"while writing \S+/state.safetensors:"):
        stages.finetune(save_every_seconds=0)
    assert disk.files() == before
    disk.clear()
    stages.finetune(save_every_seconds=0)
    assert disk.files() == before


def test_snakemake_says_so_too_and_goes_on_when_there_is_room(disk, benchmark):  # noqa: F811
    target = "results/tiny/data/Signs/manifest.json"
    disk.fill(spare=200_000)  # Snakemake's own files need some room
    failed = run_snakemake(disk.folder, "--cores", "1", target, config=benchmark)
    assert failed.returncode != 0
    said = "prepare: No space left on device while writing results/tiny/data/Signs/fit.images.bin"
    assert said in failed.stdout
    assert not list((disk.folder / "results/tiny/data").rglob("*.*")), "no half of anything"
    disk.clear()
    done = run_snakemake(disk.folder, "--cores", "1", target, config=benchmark)
    assert done.returncode == 0, done.stdout[-3000:]
    assert (disk.folder / target).exists()
