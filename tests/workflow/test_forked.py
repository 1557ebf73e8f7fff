"""Jobs forked from a process that has imported the large packages: to the script and to Snakemake, processes as any."""

import json
import os
import re
import shlex
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from tests.workflow.conftest import ROOT
from workflow_scripts.job import forked, search_path

pytestmark = pytest.mark.skipif(
    not hasattr(os, "pidfd_open"), reason="the system hands out no descriptors of processes"
)
ONE_THREAD = {**os.environ, "OMP_NUM_THREADS": "1"}


@pytest.fixture(scope="module")
def forks():
    search_path.export(ROOT)  # as the Snakefile does before
    found = forked.start(jobs=100)
    yield found
    found.close()


@pytest.fixture
def script(tmp_path):
    """Write a script; it lies in a folder whose name the shell and Snakemake's formatting read much into."""

    def write(text: str) -> Path:
        file = tmp_path / "a folder" / "tmp1.job.py"
        file.parent.mkdir(exist_ok=True)
        file.write_text(text)
        return file

    return write


def command(forks: forked.Forks | None, file: Path) -> list[str]:
    """Of a script, as Snakemake runs it: the prefix is a format string, then comes Python."""
    prefix = forks.prefix.format() if forks else "exec"
    return ["bash", "-c", f"{prefix} {sys.executable} {shlex.quote(str(file))}"]


def run(forks, file: Path, **more) -> subprocess.CompletedProcess:
    options = {"capture_output": True, "text": True, "timeout": 120, "env": ONE_THREAD, "cwd": file.parent, **more}
    return subprocess.run(command(forks, file), **options)


def begun(forks, file: Path, ready: Path) -> subprocess.Popen:
    """A job that has come to the point where it writes the file `ready`."""
    process = subprocess.Popen(command(forks, file), env=ONE_THREAD, cwd=file.parent, stderr=subprocess.PIPE, text=True)
    for _ in range(600):
        if ready.exists() and ready.read_text():
            return process
        time.sleep(0.1)
    process.kill()
    raise AssertionError("the job did not begin")


def gone(pid: int) -> bool:
    """Whether a process has ended, or does within a minute."""
    for _ in range(600):
        if not Path(f"/proc/{pid}").exists():
            return True
        time.sleep(0.1)
    return False


def test_a_job_finds_its_packages_imported(forks, script):
    file = script("import sys; print(*(name in sys.modules for name in ('torch', 'open_clip', 'pandas', 'lib')))")
    assert run(forks, file).stdout == "True True True False\n"


SEES = """
import os, sys
import torch, open_clip  # they set variables
print(__name__, sys.argv, os.getcwd(), sys.executable)
print([path for path in sys.path], sys.stdin.read(), sys.stdout.isatty(), sys.stdout.encoding)
print(sorted((key, value) for key, value in os.environ.items() if key != "_"))
import signal
print([signal.getsignal(number) for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP, signal.SIGCHLD)])
print("to standard error", file=sys.stderr)
import atexit, threading
atexit.register(print, "at the end")
threading.Timer(0.2, print, ["from a thread"]).start()
"""


def test_it_sees_what_a_process_of_its_own_sees(forks, script):
    environment = {**os.environ, **ONE_THREAD, "OF_THE_JOB": "a=b\nc"}
    first, second = (run(way, script(SEES), env=environment, input="typed") for way in (forks, None))
    assert (first.returncode, second.returncode) == (0, 0), first.stderr
    assert first.stdout == second.stdout
    assert first.stderr == second.stderr == "to standard error\n"
    assert first.stdout.endswith("from a thread\nat the end\n")


@pytest.mark.parametrize(
    ("ending", "status", "said"),
    [
        ("pass", 0, ""),
        ("sys.exit(3)", 3, ""),
        ("sys.exit('it failed')", 1, "it failed\n"),
        ("raise ValueError('it broke')", 1, "ValueError: it broke\n"),
        ("raise KeyboardInterrupt", -signal.SIGINT, "KeyboardInterrupt\n"),
        ("sys.stderr.write('not a line')", 0, "not a line"),
        ("os._exit(7)", 7, ""),
        ("os.kill(os.getpid(), signal.SIGKILL)", -signal.SIGKILL, ""),
        ("os.kill(os.getpid(), signal.SIGTERM)", -signal.SIGTERM, ""),
    ],
)
def test_it_ends_as_a_process_of_its_own_ends(ending, status, said, forks, script):
    file = script(f"import os, signal, sys\n{ending}\n")
    for way in (forks, None):
        done = run(way, file)
        assert done.returncode == status and done.stderr.endswith(said) and bool(done.stderr) == bool(said), way


WAITS = """
import os, signal, sys, time
from pathlib import Path
signal.signal(signal.SIGTERM, lambda *_: sys.exit("told to stop"))
Path("ready").write_text(f"{os.getpid()} {os.getppid()}")
time.sleep(600)
"""


def test_a_signal_reaches_the_job(forks, script):
    file = script(WAITS)
    process = begun(forks, file, file.with_name("ready"))
    process.terminate()
    assert process.communicate(timeout=60)[1] == "told to stop\n" and process.returncode == 1


def test_the_job_dies_with_the_process_that_stands_for_it(forks, script):
    file = script(WAITS)
    process = begun(forks, file, file.with_name("ready"))
    job = int(file.with_name("ready").read_text().split()[0])
    assert job != process.pid and not Path(f"/proc/{job}").samefile(f"/proc/{process.pid}")
    process.kill()
    assert process.wait() == -signal.SIGKILL and gone(job)


def test_the_job_dies_with_the_process_that_watches_over_it(forks, script):
    file = script(WAITS)
    process = begun(forks, file, file.with_name("ready"))
    job, keeper = map(int, file.with_name("ready").read_text().split())
    os.kill(keeper, signal.SIGKILL)
    assert "was killed" in process.communicate(timeout=60)[1] and process.returncode == 1 and gone(job)


def test_whoever_asks_and_dies_before_an_answer_leaves_no_job(script):
    """The server is still importing."""
    forks, file = forked.start(jobs=100), script("from pathlib import Path; Path('ran').touch()")
    asking = subprocess.Popen(command(forks, file), env=ONE_THREAD, cwd=file.parent)
    time.sleep(0.5)
    asking.kill()
    asking.wait()
    after = script("print('done')")
    assert run(forks, after).stdout == "done\n" and not file.with_name("ran").exists()
    forks.close()


def test_a_job_outlives_the_server(script):
    forks, file = forked.start(jobs=100), script(WAITS)
    process = begun(forks, file, file.with_name("ready"))
    folder = forks._folder
    assert folder.exists()
    forks.close()
    assert not folder.exists() and process.poll() is None
    process.terminate()
    assert process.communicate(timeout=60)[1] == "told to stop\n" and process.returncode == 1
    assert run(forks, script("import sys; print('torch' in sys.modules)")).stdout == "False\n", "nobody answers"


def test_a_job_of_several_threads_is_a_process_of_its_own(forks, script):
    """The libraries have read the number of their threads when they were imported."""
    file = script("import sys; print('torch' in sys.modules)")
    assert run(forks, file, env={**ONE_THREAD, "OMP_NUM_THREADS": "2"}).stdout == "False\n"


def test_a_run_of_few_jobs_has_no_server():
    assert forked.start(jobs=forked.FEWEST_JOBS - 1) is None


def test_a_folder_of_too_long_a_name_has_no_server(tmp_path, monkeypatch):
    long = tmp_path / ("long" * 20)
    long.mkdir()
    monkeypatch.setattr(forked.tempfile, "tempdir", str(long))
    assert forked.start(jobs=100) is None and not list(long.iterdir())


def test_without_a_folder_for_temporary_files_there_is_no_server(tmp_path, monkeypatch):
    monkeypatch.setattr(forked.tempfile, "tempdir", str(tmp_path / "absent"))
    assert forked.start(jobs=100) is None


def test_a_server_that_cannot_import_leaves_jobs_to_themselves(script, monkeypatch, tmp_path):
    (tmp_path / "torch.py").write_text("raise ImportError('no torch')")
    monkeypatch.setenv("PYTHONPATH", str(tmp_path))
    forks = forked.start(jobs=100)
    assert run(forks, script("print('done')")).stdout == "done\n"
    forks.close()


def test_draws_and_folders_for_temporary_files_are_a_jobs_own(forks, script, tmp_path):
    file = script("import numpy, tempfile, torch; print(torch.rand(1), numpy.random.rand(), tempfile.gettempdir())")
    environment = {**os.environ, **ONE_THREAD, "TMPDIR": str(tmp_path)}
    first, second = (run(forks, file, env=environment).stdout.split() for _ in range(2))
    assert first[2] == second[2] == str(tmp_path) and first[0] != second[0] and first[1] != second[1]


def test_a_job_whose_standard_input_is_closed_is_a_process_of_its_own(forks, script):
    file = script("import sys; print('torch' in sys.modules)")
    closed = [*command(forks, file)[:2], command(forks, file)[2] + " <&-"]
    assert subprocess.run(closed, env=ONE_THREAD, capture_output=True, text=True).stdout == "False\n"


def test_the_server_has_one_thread(forks, script):
    """What is forked while other threads run may wait for one of them for ever."""
    file = script("import os; print(len(os.listdir('/proc/self/task')), os.getppid())")
    threads, keeper = map(int, run(forks, file).stdout.split())
    assert threads == 1 and keeper != os.getpid()
    others = [file.read_text().strip() for file in Path(f"/proc/{forks._process.pid}/task").glob("*/comm")][1:]
    assert set(others) <= {"jemalloc_bg_thd"}, "pyarrow's allocator stops it around a fork"


def test_it_dies_with_the_process_that_started_it():
    starting = f"import os, sys; sys.path.insert(0, {str(ROOT)!r}); from workflow_scripts.job import forked\n"
    starting += "found = forked.start(100); print(found._process.pid, found._folder, flush=True)\n"
    starting += "os.kill(os.getpid(), 9)\n"
    done = subprocess.run([sys.executable, "-c", starting], capture_output=True, text=True, timeout=120)
    pid, folder = done.stdout.split()
    assert done.returncode == -signal.SIGKILL and gone(int(pid)) and not Path(folder).exists()


def test_rules_run_scripts_alone():
    """What stands before a command in the shell is for scripts: before `cd x && y` it would find no program cd."""
    rules = "".join(path.read_text() for path in (ROOT / "rules").glob("*.smk"))
    assert "script:" in rules and not re.search(r"^ +(shell|run|wrapper|notebook):", rules, re.M)


def test_the_jobs_of_a_run_are_forked(finished):
    """Extracting a task vector imports no pandas: its record names it, because the process was a fork."""
    record = finished / "results/tiny/provenance/task_vector/tiny/seed0/linear/Signs.json"
    assert "pandas" in json.loads(record.read_text())["versions"]
