"""The profile on a real Slurm: what is requested and refused, and how bundles run and are tried again."""

from __future__ import annotations

import re
import sys
from collections.abc import Callable
from pathlib import Path

import faults
import pytest
from benchmark_run import QUICK
from faults import Workflow

ROOT = Path(__file__).resolve().parents[2]
PROBE = ROOT / "tests/slurm/probe/Snakefile"
ITEMS = ("a", "b", "c")

pytestmark = [pytest.mark.slurm, pytest.mark.usefixtures("cluster")]


@pytest.fixture
def probe(tmp_path: Path) -> Callable[..., Workflow]:
    """`snakemake --profile slurm` for the probe, in a folder of its own that has the profile in its place."""
    (tmp_path / "slurm").symlink_to(ROOT / "slurm")

    def workflow(target: str, *options: str) -> Workflow:
        command = [sys.executable, "-m", "snakemake", target, "--profile", "slurm", "--snakefile", str(PROBE), *QUICK]
        return Workflow([*command, *options], tmp_path, tmp_path / "snakemake.log")

    return workflow


def test_only_gpu_jobs_request_gpus_and_all_nodes_work(probe):
    workflow = probe("all")
    faults.finish(workflow, faults.start(workflow))
    told = {
        kind: [outcome.read_text() for outcome in (workflow.directory / f"results/{kind}").iterdir()]
        for kind in ("cpu", "gpu")
    }
    assert [text.split()[1] for text in told["cpu"]] == ["gpus=none"] * 3
    assert [text.split()[1] for text in told["gpu"]] == ["gpus=0"] * 3
    records = faults.accounting(workflow)
    assert [record.state for record in records] == ["COMPLETED"] * 6
    asked = sorted((record.partition, *sorted(record.resources.split(","))[1:-1]) for record in records)
    assert asked == [("cpu", "cpu=2", "mem=2500M")] * 3 + [("gpu", "cpu=1", "gres/gpu=1", "mem=1000M")] * 3
    assert {record.node for record in records} == {"n1", "n2", "n3"}


def test_an_unknown_account_is_refused_with_the_known_ones_named(probe):
    workflow = probe("results/cpu/a.txt", "--default-resources", "slurm_account=nobody", "--retries", "0")
    assert faults.end_of(workflow, faults.start(workflow)) != 0
    assert re.search(r"account nobody appears to be invalid. Available accounts:\n.*research", workflow.text())
    assert faults.accounting(workflow) == []


def test_a_bundle_with_a_failing_job_runs_in_turn_and_is_tried_again_as_a_whole(probe):
    workflow = probe("bundle")
    faults.finish(workflow, faults.start(workflow))
    records = faults.accounting(workflow)
    assert [(record.state, record.minutes) for record in records] == [("FAILED", 3 * 5), ("COMPLETED", 2 * 3 * 5)]
    assert [re.findall(r"cpu=\d+|mem=\w+", record.resources) for record in records] == [
        ["cpu=1", "mem=500M"],
        ["cpu=1", "mem=1000M"],
    ]
    assert {record.what for record in records} == {"rule_task_vectors_tiny_seed0_linear_task_vector"}
    ran = sorted(line.split() for item in ITEMS for line in events(workflow, item))
    assert all(float(end) <= float(begin) for (_, end, _), (begin, _, _) in zip(ran, ran[1:], strict=False))
    assert len(events(workflow, "b")) == 2, "it failed the first time"
    second = [job for _, _, job in ran].count(records[1].id)
    assert second == 3, "a file that the failed bundle had made is made again"
    assert all(
        (workflow.directory / f"results/logs/task_vector/tiny/seed0/linear/{item}.log").exists() for item in ITEMS
    )


def events(workflow: Workflow, item: str) -> list[str]:
    """Of each run of a bundled job: when it began and ended, and in which Slurm job."""
    return (workflow.directory / f"scratch/{item}.events").read_text().splitlines()
