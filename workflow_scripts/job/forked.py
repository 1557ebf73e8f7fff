"""Processes that have imported torch and its like already: one server imports them, and each job is a fork of it.

A script of a short job takes longer to import its packages than to do its work. Run as a file, by `start`, this serves
requests of `begin.py` until its standard input ends, so at the latest when Snakemake does. It imports nothing of the
project: a job runs the code that stands in the files when it begins, and digests and records are those of a process
of its own.
"""

from __future__ import annotations

import atexit
import ctypes
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
from contextlib import suppress
from importlib import import_module
from pathlib import Path

# Those that most scripts import; of packages that import the rest late, the modules that scripts come to.
PACKAGES = ("torch", "torch.func", "safetensors.torch", "open_clip", "pandas", "matplotlib.pyplot", "snakemake.script")
ONE_THREAD = ("OMP", "GOTO", "OPENBLAS", "MKL", "VECLIB_MAXIMUM", "NUMEXPR")  # as Snakemake sets {}_NUM_THREADS
FEWEST_JOBS = 4  # fewer do not make up for importing what they might not need
STARTED = b"s"
SIGNALS = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP, signal.SIGUSR1, signal.SIGUSR2)  # for jobs, not for who forks
_DIE_WITH_PARENT = 1  # of prctl(2)
_started: list[Forks] = []  # the server lives as long as this process holds its standard input open


class Forks:
    """A server of forked jobs. Its end is the end of this process, or close()."""

    def __init__(self, folder: Path, process: subprocess.Popen):
        self._folder, self._process = folder, process

    @property
    def prefix(self) -> str:
        """What stands before a command PYTHON SCRIPT in the shell, so that the job is forked, with braces doubled."""
        words = [sys.executable, "-IS", str(Path(__file__).with_name("begin.py")), str(self._folder / "s")]
        return f"set -euo pipefail; {shlex.join(words)}".replace("{", "{{").replace("}", "}}")

    def close(self) -> None:
        """Take no more jobs; those that run go on."""
        self._process.stdin.close()
        self._process.wait()


def start(jobs: int) -> Forks | None:
    """A server for a run of so many jobs of one thread; None where it would not pay, or the system cannot."""
    if jobs < FEWEST_JOBS or not hasattr(os, "pidfd_open"):
        return None
    try:
        folder = Path(tempfile.mkdtemp(prefix="forks-"))  # for this user alone
    except OSError:
        return None
    try:
        _started.append(_serving(folder))
        return _started[-1]
    except OSError:  # as for a name that is too long
        _remove(folder)
        return None


def _serving(folder: Path) -> Forks:
    """Start the server; its socket lies in the folder."""
    with socket.socket(socket.AF_UNIX) as listening:
        if listening.fileno() < 3:
            raise OSError("a standard file of this process is closed")
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
    handlers = {number: signal.getsignal(number) for number in SIGNALS}
    for number in SIGNALS:
        signal.signal(number, signal.SIG_IGN)
    searched, given = list(sys.path), dict(os.environb)
    for name in PACKAGES:
        import_module(name)
    if sys.modules["torch"].cuda.is_initialized():
        return  # a fork could not use the GPU
    sys.path[:] = searched
    of_packages = {key: value for key, value in os.environb.items() if key not in given}
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
                    keep(connection, handlers, of_packages)
                finally:
                    os._exit(1)
            connection.close()


def keep(connection: socket.socket, handlers: dict, of_packages: dict[bytes, bytes]) -> None:
    """Fork the job that a connection asks for, hand signals on to it, and tell how it ended.

    If the connection ends, whoever asked was killed: so is the job. handlers: of signals, for the job; of_packages:
    variables that packages set when they are imported.
    """
    head, files, *_ = socket.recv_fds(connection, 8, 3)
    length = int.from_bytes(head, "big")
    with connection.makefile("rb") as reading:
        asked = reading.read(length)
    if len(asked) < length or len(files) < 3:
        return  # whoever asked is gone
    script, folder, *variables = asked.split(b"\0")
    environment = of_packages | dict(pair.split(b"=", 1) for pair in variables)
    mask = signal.pthread_sigmask(signal.SIG_BLOCK, SIGNALS)  # what comes now waits until the job can take it
    job = os.fork()
    if job == 0:
        ctypes.CDLL(None).prctl(_DIE_WITH_PARENT, signal.SIGKILL)
        for number, handler in handlers.items():
            signal.signal(number, handler)
        connection.close()
        signal.pthread_sigmask(signal.SIG_SETMASK, mask)
        run(os.fsdecode(script), folder, environment, files)
    try:
        connection.sendall(STARTED)
        code = _watched(connection, job)
    except BaseException:
        os.kill(job, signal.SIGKILL)
        raise
    connection.sendall(code.to_bytes(4, "big", signed=True))


def _watched(connection: socket.socket, job: int) -> int:
    """The exit status of a job, negative for a signal."""
    ended = os.pidfd_open(job)
    with selectors.DefaultSelector() as ready:
        ready.register(connection, selectors.EVENT_READ)
        ready.register(ended, selectors.EVENT_READ)
        while not any(key.fileobj == ended for key, _ in ready.select()):
            numbers = connection.recv(16)
            if not numbers:
                raise ConnectionError("whoever asked is gone")
            for number in numbers:
                os.kill(job, number)
    return os.waitstatus_to_exitcode(os.waitpid(job, 0)[1])


def run(script: str, folder: bytes, environment: dict[bytes, bytes], files: list[int]) -> None:
    """Be the process of a script in a folder, with these standard files; this does not return."""
    for target, file in enumerate(files):
        os.dup2(file, target)
        os.close(file)
    for file in (sys.stdout, sys.stderr):
        file.reconfigure(line_buffering=file is sys.stderr or file.isatty())
    os.environb.clear()
    os.environb.update(environment)
    tempfile.tempdir = None  # torch has asked for it, so it is the server's
    sys.modules["numpy"].random.seed()  # of generators that nobody seeds: each process has its own draws
    sys.modules["torch"].default_generator.seed()
    with suppress(OSError):  # what process managers show
        Path("/proc/self/comm").write_text(Path(script).stem[-15:])
    os._exit(_status(script, folder))


def _status(script: str, folder: bytes) -> int:
    """Run the script as Python would; its exit status."""
    code = 1
    try:
        os.chdir(folder)
        sys.argv = [script]
        sys.path.insert(0, str(Path(script).parent))
        runpy.run_path(script, run_name="__main__")
        code = 0
    except SystemExit as ending:
        code = ending.code if isinstance(ending.code, int) else int(ending.code is not None)
        if code and not isinstance(ending.code, int):
            print(ending.code, file=sys.stderr)
    except BaseException as error:
        sys.excepthook(*sys.exc_info())
        code = -signal.SIGINT if isinstance(error, KeyboardInterrupt) else 1
    threading._shutdown()
    atexit._run_exitfuncs()
    try:
        sys.stdout.flush()
    except OSError as error:
        print(f"standard output: {error}", file=sys.stderr)
        code = 120  # Python's own for that
    with suppress(OSError):
        sys.stderr.flush()
    if code < 0:
        signal.signal(-code, signal.SIG_DFL)
        os.kill(os.getpid(), -code)
    return code


def _remove(folder: str | Path) -> None:
    shutil.rmtree(folder, ignore_errors=True)


if __name__ == "__main__":
    try:
        with socket.socket(fileno=int(sys.argv[1])) as to_us:
            serve(to_us)
    finally:
        _remove(sys.argv[2])
