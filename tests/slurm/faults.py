"""Drive a workflow on the test cluster, and see in Slurm's queue and accounting what became of its jobs."""

from __future__ import annotations

import re
import subprocess
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

CLUSTER = Path(__file__).with_name("cluster.sh")


class FaultError(AssertionError):
    """The workflow did not do what was waited for."""


@dataclass(frozen=True)
class Workflow:
    """A snakemake command that runs on Slurm, to which an option can be appended; `seconds` bounds each of its runs."""

    command: Sequence[str]
    directory: Path
    log: Path
    seconds: float = 180

    def text(self) -> str:
        return self.log.read_text() if self.log.exists() else ""

    def tail(self, lines: int = 40) -> str:
        return "\n".join(self.text().splitlines()[-lines:])

    def run_ids(self) -> list[str]:
        """The names of this workflow's jobs, one a run of snakemake; the log keeps all runs."""
        return re.findall(r"^SLURM run ID: (\S+)$", self.text(), re.MULTILINE)


@dataclass(frozen=True)
class Job:
    """A job in the queue; `what` is the executor's rule_<rule>_wildcards_<wildcards>."""

    id: str
    state: str
    node: str
    what: str


@dataclass(frozen=True)
class Record:
    """What accounting says of one start of a job: a job that was queued again has several."""

    id: str
    state: str
    node: str
    partition: str
    resources: str
    minutes: int  # the time limit
    what: str

    @property
    def rule(self) -> str:
        """The rule, of a bundle its name and the rule's."""
        return self.what.removeprefix("rule_").split("_wildcards")[0]


def run(*command: str, seconds: float = 60, check: bool = True) -> str:
    options = {"stdin": subprocess.DEVNULL, "stdout": subprocess.PIPE, "stderr": subprocess.STDOUT, "text": True}
    result = subprocess.run(command, timeout=seconds, check=False, **options)
    if check and result.returncode:
        raise FaultError(f"{' '.join(command)} ended with status {result.returncode}:\n{result.stdout}")
    return result.stdout


def cluster(*arguments: str, seconds: float = 120) -> str:
    """Call cluster.sh."""
    return run(str(CLUSTER), *arguments, seconds=seconds)


# --- running a workflow


def start(workflow: Workflow) -> subprocess.Popen:
    with workflow.log.open("a") as log:
        return subprocess.Popen(
            workflow.command,
            cwd=workflow.directory,
            stdin=subprocess.DEVNULL,
            stdout=log,
            stderr=subprocess.STDOUT,
            start_new_session=True,
        )


def finish(workflow: Workflow, process: subprocess.Popen) -> None:
    """Wait for a good end."""
    status = end_of(workflow, process)
    if status:
        raise FaultError(f"snakemake ended with status {status}:\n{workflow.tail()}")


def end_of(workflow: Workflow, process: subprocess.Popen) -> int:
    """The exit status; a run that takes too long is killed, its jobs are cancelled, and FaultError is raised."""
    try:
        return process.wait(workflow.seconds)
    except subprocess.TimeoutExpired:
        process.kill()
        process.wait()
        queue = run("squeue", check=False)
        cancel_orphans(workflow)
        raise FaultError(f"no end after {workflow.seconds:.0f} s:\n{queue}\n{workflow.tail()}") from None


# --- looking at Slurm


def queued(workflow: Workflow) -> list[Job]:
    """The workflow's jobs that wait or run."""
    rows = [
        run("squeue", "-h", "--name", name, "-o", "%i|%T|%N|%k", check=False).splitlines()
        for name in workflow.run_ids()
    ]
    return [Job(*row.split("|", 3)) for lines in rows for row in lines if row.count("|") >= 3]


def accounting(workflow: Workflow) -> list[Record]:
    """All starts of all jobs of the workflow, oldest first."""
    fields = "JobIDRaw,State,NodeList,Partition,ReqTRES,TimelimitRaw,Comment"
    rows = [
        run("sacct", "-X", "-n", "-P", "--duplicates", "--name", name, "-o", fields).splitlines()
        for name in workflow.run_ids()
    ]
    found = [row.split("|", 6) for lines in rows for row in lines]
    return [Record(job, state.split()[0], *more, int(minutes), what) for job, state, *more, minutes, what in found]


def wait_until(condition: Callable[[], object], seconds: float, what: str, every: float = 0.3) -> object:
    """The first true value of the condition."""
    deadline = time.monotonic() + seconds
    while not (value := condition()):
        if time.monotonic() > deadline:
            raise FaultError(f"not within {seconds:.0f} s: {what}")
        time.sleep(every)
    return value


def cancel_orphans(workflow: Workflow) -> None:
    """End the jobs of a snakemake that is gone, and wait until they are: else a file would have two writers."""
    for name in workflow.run_ids():
        run("scancel", "--name", name)
    wait_until(lambda: not queued(workflow), 60, "the end of cancelled jobs")
