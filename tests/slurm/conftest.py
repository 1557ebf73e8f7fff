"""A running cluster for the tests in this folder, and the tiny benchmark run on it and on this machine."""

import os
import subprocess
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import faults
import pytest
from benchmark_run import slurm_config, workflow_in
from faults import FaultError, Workflow
from faults import cluster as cluster_command

from tests.workflow.conftest import benchmark, run_snakemake  # noqa: F401 (a fixture)


def give_up(reason: str) -> None:
    if os.environ.get("REQUIRE_SLURM") == "1":
        pytest.fail(f"REQUIRE_SLURM=1, but {reason}", pytrace=False)
    pytest.skip(reason)


@pytest.fixture(scope="session")
def cluster() -> Iterator[None]:
    """Three nodes with a pretend GPU each, installed if missing, stopped at the end with nothing left alive."""
    if os.geteuid() != 0:
        give_up("a Slurm cluster needs root")
    try:
        cluster_command("install", seconds=900)
        cluster_command("stop")
        cluster_command("start")
    except (FaultError, subprocess.TimeoutExpired) as error:
        give_up(f"Slurm cannot be started: {error}")
    yield
    cluster_command("stop")
    assert cluster_command("orphans") == ""


@dataclass(frozen=True)
class Undisturbed:
    """The tiny benchmark, run to its end on this machine and, at the same time, on the three nodes."""

    config: dict
    local: Path
    on_slurm: Workflow


@pytest.fixture(scope="session")
def undisturbed(benchmark, tmp_path_factory, cluster) -> Undisturbed:  # noqa: F811
    config = slurm_config(benchmark)
    workflow = workflow_in(tmp_path_factory.mktemp("on_slurm"), config, seconds=1500)
    process, folder = faults.start(workflow), tmp_path_factory.mktemp("local")
    local = run_snakemake(folder, "--cores", "1", config=config)
    faults.finish(workflow, process)
    assert local.returncode == 0, local.stdout[-6000:]
    return Undisturbed(config, folder, workflow)
