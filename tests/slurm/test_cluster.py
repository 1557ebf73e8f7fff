"""The profile on a real Slurm: what is requested and refused, and that work ends whole whatever breaks on the way."""

from __future__ import annotations

import json
import re
import subprocess
import sys
from collections.abc import Callable, Iterator
from functools import partial
from pathlib import Path

import faults
import pytest
from faults import Job, Workflow

ROOT = Path(__file__).resolve().parents[2]
PROBE = ROOT / "tests/slurm/probe/Snakefile"
ITEMS = ("a", "b", "c")
KINDS = ("cpu", "gpu")
TWO = ("results/resumable/a.txt", "results/resumable/b.txt")
# Slurm looks at time limits twice a minute: the signal comes 15 to 45 s after the start of the job
STEPS_OVER_A_MINUTE = 90

Run = tuple[Workflow, subprocess.Popen]

pytestmark = [pytest.mark.slurm, pytest.mark.usefixtures("cluster")]


def probe_in(directory: Path, *targets: str, options: tuple[str, ...] = (), **config: object) -> Workflow:
    """`snakemake --profile slurm` for the probe, in a folder of its own that has the profile in its place."""
    (directory / "slurm").symlink_to(ROOT / "slurm")
    command = [sys.executable, "-m", "snakemake", *targets, "--profile", "slurm", "--snakefile", str(PROBE)]
    quick = ["--slurm-init-seconds-before-status-checks", "1", "--max-status-checks-per-second", "1"]
    settings = ["--config", "nothing=0", *(f"{name}={value}" for name, value in config.items())]
    return Workflow([*command, *quick, *options, *settings], directory, directory / "snakemake.log")


@pytest.fixture
def probe(tmp_path: Path) -> Callable[..., Workflow]:
    return partial(probe_in, tmp_path)


@pytest.fixture(scope="module")
def short_of_time(tmp_path_factory: pytest.TempPathFactory, cluster: None) -> Iterator[Run]:
    """A job over its time limit needs a minute and a half: it runs beside the tests between here and its own."""
    workflow = probe_in(
        tmp_path_factory.mktemp("short_of_time"),
        "results/resumable/a.txt",
        steps=STEPS_OVER_A_MINUTE,
        runtime=1,
        seconds_before_limit=45,
    )
    process = faults.start(workflow)
    yield workflow, process
    process.kill()


def has_started(workflow: Workflow) -> Callable[[Job], bool]:
    """Whether the script of a job runs, so that a signal finds it."""
    return lambda job: "started" in events(workflow, item_of(job))


def item_of(job: Job) -> str:
    return job.what.rsplit("_", 1)[-1]


def events(workflow: Workflow, item: str) -> list[str]:
    """What the resumable script of an item noted: started, terminated, saved, finished."""
    file = workflow.directory / "scratch" / f"{item}.events"
    return [line.split()[1] for line in file.read_text().splitlines()] if file.exists() else []


def saved_step(workflow: Workflow, item: str) -> int:
    return json.loads((workflow.directory / "scratch" / f"{item}.json").read_text())["step"]


def is_complete(workflow: Workflow, steps: int, items: tuple[str, ...] = ITEMS) -> bool:
    files = [workflow.directory / "results/resumable" / f"{item}.txt" for item in items]
    return [file.read_text() for file in files] == [f"{steps}\n"] * len(items)


def test_only_gpu_jobs_request_gpus_and_all_nodes_work(probe):
    workflow = probe("all")
    faults.finish(workflow, faults.start(workflow))
    told = {
        kind: [outcome.read_text() for outcome in (workflow.directory / f"results/{kind}").iterdir()] for kind in KINDS
    }
    assert [text.split()[1] for text in told["cpu"]] == ["gpus=none"] * 3
    assert [text.split()[1] for text in told["gpu"]] == ["gpus=0"] * 3
    records = faults.accounting(workflow)
    assert [record.state for record in records] == ["COMPLETED"] * 6
    assert sorted(record.partition for record in records if "gres/gpu=1" in record.resources) == ["gpu"] * 3
    assert sorted(record.partition for record in records if "gres/gpu" not in record.resources) == ["cpu"] * 3
    assert {record.node for record in records} == {"n1", "n2", "n3"}


def test_an_unknown_account_is_refused_with_the_known_ones_named(probe, short_of_time):
    workflow = probe("results/cpu/a.txt", options=("--default-resources", "slurm_account=nobody", "--retries", "0"))
    assert faults.end_of(workflow, faults.start(workflow)) != 0
    assert re.search(r"account nobody appears to be invalid. Available accounts:\n.*research", workflow.text())
    assert faults.accounting(workflow) == []


def test_a_cancelled_job_saves_its_state_and_goes_on_from_it(probe, short_of_time):
    workflow = probe(*TWO)
    job = faults.cancel_job(workflow, "resumable", has_started(workflow))
    assert events(workflow, item_of(job)) == ["started", "terminated", "saved", "started", "finished"]
    assert is_complete(workflow, 20, ("a", "b"))


def test_after_a_kill_of_snakemake_the_jobs_go_on_from_their_state(probe, short_of_time):
    workflow = probe(*TWO)
    job = faults.kill_snakemake(workflow, "resumable", has_started(workflow))
    assert events(workflow, item_of(job)) == ["started", "terminated", "saved", "started", "finished"]
    assert is_complete(workflow, 20, ("a", "b"))


def test_over_its_time_limit_a_job_saves_its_state_and_goes_on_from_it(short_of_time: Run):
    workflow, process = short_of_time
    faults.finish(workflow, process)
    assert events(workflow, "a") == ["started", "terminated", "saved", "started", "finished"]
    assert 0 < saved_step(workflow, "a") < STEPS_OVER_A_MINUTE
    assert is_complete(workflow, STEPS_OVER_A_MINUTE, ("a",))
    assert [record.state for record in faults.accounting(workflow)] == ["FAILED", "COMPLETED"]


def test_a_job_whose_node_dies_is_run_again_elsewhere(probe):
    workflow = probe("long", steps=30)
    job = faults.kill_node(workflow, "resumable", has_started(workflow))
    starts = [record for record in faults.accounting(workflow) if record.id == job.id]
    assert [record.state for record in starts] == ["NODE_FAIL", "COMPLETED"]
    assert starts[0].node == job.node != starts[1].node
    assert "Trying to restart" not in workflow.text(), "Slurm queues it again by itself; no attempt is used up"
    assert is_complete(workflow, 30)


def test_jobs_survive_a_controller_that_goes_away_and_comes_back(probe):
    workflow = probe("long", steps=40)
    faults.restart_controller(workflow, "resumable", has_started(workflow))
    assert all(events(workflow, item) == ["started", "finished"] for item in ITEMS)
    assert is_complete(workflow, 40)
