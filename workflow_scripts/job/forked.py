"""Processes that have imported torch and its like already: one server imports them, and each job is a fork of it.

A script of a short job takes longer to import its packages than to do its work. Run as a file, by `Forks`, this serves
requests of `begin.py` until its standard input ends, so at the latest when Snakemake does. It imports nothing of the
project: a job runs the code that stands in the files when it begins, and digests and records are those of a process
of its own.
"""

from __future__ import annotations

import atexit
import gc
import os
import runpy
import selectors
import shlex
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import threading
from importlib import import_module
from pathlib import Path

# Those that most scripts import; of packages that import the rest late, the modules that scripts come to.
PACKAGES = ("torch", "torch.func", "safetensors.torch", "open_clip", "pandas", "matplotlib.pyplot", "snakemake.script")
ONE_THREAD = ("OMP", "GOTO", "OPENBLAS", "MKL", "VECLIB_MAXIMUM", "NUMEXPR")  # as Snakemake sets {}_NUM_THREADS
FEWEST_JOBS = 4  # fewer do not make up for importing what they might not need
LONGEST_ADDRESS = 100  # bytes of a socket's path; the system takes 107
STARTED = b"s"


class Forks:
    """A server of forked jobs. Its end is the end of this process, or close()."""

    def __init__(self, folder: Path, process: subprocess.Popen):
        self._folder, self._process = folder, process

    @property
    def prefix(self) -> str:
        """What stands before a command PYTHON SCRIPT in the shell, so that the job is forked, with braces doubled."""
        words = [sys.executable, "-IS", str(Path(__file__).with_name("begin.py")), str(self._folder / "s")]
        return f"set -euo pipefail; exec {shlex.join(words)}".replace("{", "{{").replace("}", "}}")

    def close(self) -> None:
        """Take no more jobs; those that run go on."""
        self._process.stdin.close()
        self._process.wait()


def start(jobs: int) -> Forks | None:
    """A server for a run of so many jobs; None where it would not pay, or the system lacks what it takes."""
    if jobs < FEWEST_JOBS or not hasattr(os, "pidfd_open"):
        return None
    folder = Path(tempfile.mkdtemp(prefix="forks-"))  # for this user alone
    if len(os.fsencode(folder / "s")) > LONGEST_ADDRESS:
        folder.rmdir()
        return None
    with socket.socket(socket.AF_UNIX) as listening:
        listening.bind(str(folder / "s"))
        listening.listen(1024)
        process = subprocess.Popen(
            [sys.executable, "-P", __file__, str(listening.fileno()), str(folder)],
            stdin=subprocess.PIPE,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,  # a script that fails to import says so itself
            pass_fds=[listening.fileno()],
            env={**os.environ, **{f"{library}_NUM_THREADS": "1" for library in ONE_THREAD}},
        )
    return Forks(folder, process)


def serve(listening: socket.socket) -> None:
    """Import the packages, then fork a keeper for each request, until standard input ends.

    Beside this thread there is one at most, of the memory allocator that comes with pyarrow; it knows of forks.
    """
    told = {number: signal.getsignal(number) for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)}
    for number in told:
        signal.signal(number, signal.SIG_IGN)
    searched = list(sys.path)
    for name in PACKAGES:
        import_module(name)
    sys.path[:] = searched
    gc.collect()
    gc.freeze()  # a collection in a job shall not copy what it shares
    signal.signal(signal.SIGCHLD, signal.SIG_IGN)  # nobody waits for keepers
    with selectors.DefaultSelector() as ready:
        ready.register(listening, selectors.EVENT_READ)
        ready.register(0, selectors.EVENT_READ)
        while all(key.fileobj is listening for key, _ in ready.select()):
            connection, _ = listening.accept()
            if os.fork() == 0:
                signal.signal(signal.SIGCHLD, signal.SIG_DFL)
                try:
                    listening.close()
                    ready.close()
                    keep(connection, told)
                finally:
                    os._exit(1)
            connection.close()


def keep(connection: socket.socket, told: dict) -> None:
    """Fork the job that a connection asks for, hand signals on to it, and tell how it ended.

    If the connection ends, whoever asked was killed: so is the job.
    """
    head, files, *_ = socket.recv_fds(connection, 8, 3)
    with connection.makefile("rb") as reading:
        script, folder, *environment = reading.read(int.from_bytes(head, "big")).split(b"\0")
    job = os.fork()
    if job == 0:
        for number, how in told.items():
            signal.signal(number, how)
        connection.close()
        run(os.fsdecode(script), folder, dict(pair.split(b"=", 1) for pair in environment), files)
    for file in files:
        os.close(file)
    connection.sendall(STARTED)
    ended = os.pidfd_open(job)
    with selectors.DefaultSelector() as ready:
        ready.register(connection, selectors.EVENT_READ)
        ready.register(ended, selectors.EVENT_READ)
        while not any(key.fileobj == ended for key, _ in ready.select()):
            numbers = connection.recv(16) or [signal.SIGKILL]
            for number in numbers:
                os.kill(job, number)
            if numbers == [signal.SIGKILL]:
                ready.unregister(connection)
    code = os.waitstatus_to_exitcode(os.waitpid(job, 0)[1])
    connection.sendall(code.to_bytes(4, "big", signed=True))


def run(script: str, folder: bytes, environment: dict[bytes, bytes], files: list[int]) -> None:
    """Be the process of a script in a folder, with these standard files; this does not return."""
    for target, file in enumerate(files):
        os.dup2(file, target)
        os.close(file)
    os.chdir(folder)
    os.environb.clear()
    os.environb.update(environment)
    Path("/proc/self/comm").write_text(Path(script).stem[-15:])
    sys.argv = [script]
    sys.path.insert(0, str(Path(script).parent))
    for number, name in enumerate(("stdin", "stdout", "stderr")):  # anew: terminals are written to line by line
        old = getattr(sys, name)
        file = os.fdopen(number, old.mode, 1 if number == 2 else -1, old.encoding, old.errors, closefd=False)
        setattr(sys, name, file)
        setattr(sys, f"__{name}__", file)
    code = 1
    try:
        runpy.run_path(script, run_name="__main__")
        code = 0
    except SystemExit as ending:
        code = ending.code if isinstance(ending.code, int) else int(ending.code is not None)
        if code and not isinstance(ending.code, int):
            print(ending.code, file=sys.stderr)
    except BaseException:
        sys.excepthook(*sys.exc_info())
    threading._shutdown()
    atexit._run_exitfuncs()
    sys.stdout.flush()
    os._exit(code)


def _remove(folder: str) -> None:
    shutil.rmtree(folder, ignore_errors=True)


if __name__ == "__main__":
    with socket.socket(fileno=int(sys.argv[1])) as listening:
        try:
            serve(listening)
        finally:
            _remove(sys.argv[2])
