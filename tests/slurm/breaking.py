"""Break a running workflow: five faults, each of which hits a fine-tuning job in the middle of its training.

A training is held (SIGSTOP) once it has saved a state, as on a machine that hangs; so a fault finds it where it should,
however fast it is, and a job that is held comes to its time limit.
"""

from __future__ import annotations

import os
import re
import signal
from collections import Counter, defaultdict
from collections.abc import Iterable
from contextlib import suppress
from dataclasses import dataclass, replace
from pathlib import Path

import faults
from faults import FaultError, Job, Workflow

CONTROLLER, NODE, CANCEL, LIMIT, SNAKEMAKE = FAULTS = (
    "controller restarted",
    "node killed",
    "job cancelled",
    "over its time limit",
    "snakemake killed",
)
PATIENCE = 300  # seconds that Slurm and Snakemake may take to see that a job has ended; usually one minute


@dataclass(frozen=True)
class Training:
    """A fine-tuning job of the workflow, by its folder below seed0: linear/Signs."""

    where: str

    @property
    def what(self) -> str:
        return f"rule_finetune_wildcards_tiny_0_{self.where.replace('/', '_')}"

    @property
    def state(self) -> Path:
        return Path(f"scratch/tiny/tiny/seed0/{self.where}/state.safetensors")

    @property
    def log(self) -> Path:
        return Path(f"results/tiny/logs/finetune/tiny/seed0/{self.where}.log")


@dataclass(frozen=True)
class Held:
    """A job whose training stands still."""

    job: Job
    training: Training
    process: int

    def release(self) -> None:
        with suppress(ProcessLookupError):  # it was ended
            os.kill(self.process, signal.SIGCONT)


def _hold_now(workflow: Workflow, trainings: Iterable[Training]) -> Held | None:
    """Hold a training that heeds SIGTERM already, as a script does from before its first step on."""
    running = {job.what: job for job in faults.queued(workflow) if job.state == "RUNNING"}
    for training in trainings:
        job = running.get(training.what)
        process = job and _script(job)
        if process and _heeds_sigterm(process) and (workflow.directory / training.state).exists():
            os.kill(process, signal.SIGSTOP)
            return Held(job, training, process)
    return None


def _script(job: Job) -> int | None:
    """The process of a job's fine-tuning script."""
    for folder in Path("/proc").glob("[0-9]*"):
        try:
            words = (folder / "cmdline").read_bytes().split(b"\0")
            ours = len(words) > 1 and words[1].endswith(b".finetune.py")
            if ours and f"SLURM_JOB_ID={job.id}".encode() in (folder / "environ").read_bytes().split(b"\0"):
                return int(folder.name)
        except (FileNotFoundError, ProcessLookupError):
            continue
    return None


def _heeds_sigterm(process: int) -> bool:
    """Whether the process catches the signal, by the mask in /proc; False for a process that is gone."""
    try:
        lines = Path(f"/proc/{process}/status").read_text().splitlines()
    except (FileNotFoundError, ProcessLookupError):
        return False
    caught = next(int(line.split()[1], 16) for line in lines if line.startswith("SigCgt"))
    return bool(caught >> (signal.SIGTERM - 1) & 1)


class Breakage:
    """A run of the workflow with what befalls it: the job that each fault hit, and the numbers of all that it ended."""

    def __init__(self, workflow: Workflow):
        self.workflow = workflow
        self.hit: dict[str, Held] = {}
        self.ended: dict[str, set[str]] = {}
        self.dead: list[str] = []
        self.process = faults.start(workflow)

    def hold(self, *trainings: Training, seconds: float = 240) -> Held:
        """Stop the first of the trainings that runs and has a state to go on from."""

        def find() -> Held | None:
            if self.process.poll() is not None:
                raise FaultError(f"snakemake has ended:\n{self.workflow.tail()}")
            return _hold_now(self.workflow, trainings)

        return faults.wait_until(find, seconds, f"one of {trainings} runs", every=0.1)

    def restart_controller(self, held: Held) -> None:
        """The controller is away for five seconds; the job does not notice."""
        before = self._start_of(held.job)
        faults.cluster("restart-controller", "5", seconds=180)
        assert self._start_of(held.job) == before
        self._note(CONTROLLER, held, set())

    def kill_node(self, held: Held) -> None:
        """The job's node dies with everything on it, and comes back only after the workflow's end."""
        faults.cluster("kill-node", held.job.node)
        self.dead.append(held.job.node)
        ended = {job.id for job in faults.queued(self.workflow) if job.node == held.job.node}
        faults.wait_until(lambda: "NODE_FAIL" in self._states(held.job), 90, f"{held.job.node} is missed", every=1)
        self._note(NODE, held, ended)

    def cancel(self, held: Held) -> None:
        """Somebody cancels the job."""
        faults.run("scancel", held.job.id)
        held.release()
        self._wait_for_the_next_attempt(held)
        self._note(CANCEL, held, {held.job.id})

    def overrun(self, held: Held) -> None:
        """The job stands still until Slurm tells it that its time is nearly up, which wakes it."""
        faults.wait_until(lambda: self._states(held.job) == ["FAILED"], PATIENCE, f"the end of {held.job}", every=1)
        self._wait_for_the_next_attempt(held)
        self._note(LIMIT, held, {held.job.id})

    def kill_snakemake(self, held: Held) -> None:
        """kill -9 of snakemake; then what its user must do: end the jobs that it left, unlock, start again."""
        self.process.kill()
        self.process.wait()
        # it may have submitted a job and not lived to say so
        ended = self._unseen() | {job.id for job in faults.queued(self.workflow)}
        held.release()
        faults.cancel_orphans(self.workflow)
        unlocked = replace(self.workflow, command=[*self.workflow.command, "--unlock"])
        faults.finish(unlocked, faults.start(unlocked))
        self.process = faults.start(self.workflow)
        self._note(SNAKEMAKE, held, ended)

    def finish(self) -> None:
        """See the workflow to its good end."""
        faults.finish(self.workflow, self.process)

    def __enter__(self) -> Breakage:
        return self

    def __exit__(self, *error: object) -> None:
        """Whatever happened: no snakemake and no job is left, and the nodes that died come back."""
        if self.process.poll() is None:
            self.process.kill()
            self.process.wait()
            faults.cancel_orphans(self.workflow)
        for node in self.dead:
            faults.cluster("start-node", node)

    def _wait_for_the_next_attempt(self, held: Held) -> None:
        """Until snakemake has seen that the job ended, and submits another in its place."""
        submitted = rf"^Job (\S+) has been submitted with SLURM jobid {held.job.id} "
        job = re.search(submitted, self.workflow.text(), re.M)[1]
        again = f"Trying to restart job {job}."
        faults.wait_until(lambda: again in self.workflow.text(), PATIENCE, f"a next attempt of {held.job}")

    def _unseen(self) -> set[str]:
        """Slurm's numbers of the jobs that snakemake submitted and has not seen the end of, as a restart would show."""
        text, submitted = self.workflow.text(), defaultdict(list)
        for job, slurm in re.findall(r"^Job (\S+) has been submitted with SLURM jobid (\d+)", text, re.M):
            submitted[job].append(slurm)
        finished = set(re.findall(r"^Finished jobid: (\d+)", text, re.M))
        seen = Counter(re.findall(r"^Trying to restart job (\S+)\.$", text, re.M))
        return {slurm for job in submitted.keys() - finished for slurm in submitted[job][seen[job] :]}

    def _note(self, fault: str, held: Held, ended: set[str]) -> None:
        self.hit[fault], self.ended[fault] = held, ended

    def _states(self, job: Job) -> list[str]:
        return [record.state for record in faults.accounting(self.workflow) if record.id == job.id]

    def _start_of(self, job: Job) -> str:
        return faults.run("squeue", "-h", "-j", job.id, "-o", "%T since %S")
