"""Files appear whole or not at all, and what a killed writer left is swept by the next one."""

import os
import subprocess
import sys

import pytest

from lib.files import atomic

WRITER = """
import sys, time
from lib.files import atomic
with atomic.whole(sys.argv[1]) as temporary:
    temporary.write_text("half")
    print(temporary.name, flush=True)
    time.sleep(600)
"""


@pytest.fixture
def writer(tmp_path):
    """A process in the middle of writing table.csv, and the name that it writes to."""
    command = [sys.executable, "-c", WRITER, str(tmp_path / "table.csv")]
    process = subprocess.Popen(command, stdout=subprocess.PIPE, text=True)
    yield process, process.stdout.readline().strip()
    process.kill()
    process.wait()
    process.stdout.close()


def names(folder):
    return sorted(path.name for path in folder.iterdir())


@pytest.mark.parametrize("error", [ValueError, RuntimeError])
def test_on_an_error_the_old_content_stays_and_nothing_else(tmp_path, error):
    path = tmp_path / "table.csv"
    atomic.write_text(path, "old")
    with pytest.raises(error, match="in the middle"), atomic.whole(path) as temporary:
        temporary.write_text("half")
        raise error("in the middle")
    assert path.read_text() == "old" and names(tmp_path) == ["table.csv"]


def test_what_a_killed_writer_left_is_swept_by_the_next(tmp_path, writer):
    process, left = writer
    process.kill()
    process.wait()
    assert names(tmp_path) == [left]
    atomic.write_text(tmp_path / "table.csv", "whole")
    assert names(tmp_path) == ["table.csv"]


def test_a_live_writer_on_this_host_is_left_alone(tmp_path, writer):
    atomic.write_text(tmp_path / "table.csv", "whole")
    assert names(tmp_path) == sorted([writer[1], "table.csv"])


def test_of_another_host_nothing_is_kept_even_if_the_process_number_is_alive_here(tmp_path):
    (tmp_path / f".table.another_host-{os.getpid()}.partial.csv").write_text("half")
    atomic.write_text(tmp_path / "table.csv", "whole")
    assert names(tmp_path) == ["table.csv"]


@pytest.mark.parametrize(
    "name", [".fit.images.gone-1.partial.bin", ".fit.gone-1.partial.npz", "fit.gone-1.partial.bin"]
)
def test_other_targets_and_other_files_are_left_alone(tmp_path, name):
    (tmp_path / name).write_text("kept")
    atomic.write_text(tmp_path / "fit.bin", "whole")
    assert names(tmp_path) == sorted([name, "fit.bin"])


def test_a_writer_whose_temporary_file_was_swept_replaces_nothing(tmp_path):
    path = tmp_path / "table.csv"
    with pytest.raises(FileNotFoundError), atomic.whole(path) as temporary:
        temporary.write_text("late")
        temporary.unlink()
        path.write_text("of the other writer")
    assert path.read_text() == "of the other writer"
