"""A running cluster for the tests in this folder."""

import os
import subprocess
from collections.abc import Iterator

import pytest
from faults import FaultError
from faults import cluster as cluster_command

from tests.workflow.conftest import benchmark  # noqa: F401 (a fixture)


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
