"""The real fine-tuning job on a real Slurm: whatever breaks while it trains, it ends with the same bytes."""

import copy
import re
import shutil
from concurrent.futures import Future, ThreadPoolExecutor
from functools import partial
from pathlib import Path

import faults
import pytest
from benchmark_run import requests, with_gpu, workflow_in
from faults import Job, Workflow

from tests.workflow.conftest import run_snakemake

WHERE = "tiny/seed0/standard/Signs"
THETA = f"results/tiny/{WHERE}/theta.safetensors"
STATE = f"scratch/tiny/{WHERE}/state.safetensors"
LOG = "results/tiny/logs/finetune/" + WHERE + ".log"
OUTPUTS = (f"results/tiny/{WHERE}", f"results/tiny/provenance/finetune/{WHERE}.json", LOG)
EPOCHS = 1500
FAULTS = {
    "cancelled": faults.cancel_job,
    "node dead": faults.kill_node,
    "snakemake killed": faults.kill_snakemake,
}

pytestmark = [pytest.mark.slurm, pytest.mark.usefixtures("cluster")]


@pytest.fixture(scope="module")
def long_config(benchmark) -> dict:
    """A task whose fine-tuning takes some twenty seconds and saves its state every second."""
    config = with_gpu(benchmark)
    config["tasks"] = [{**task, "epochs": EPOCHS} for task in config["tasks"]]
    config["finetune"] |= {"save_every_seconds": 1, "log_every": 3}
    return config


@pytest.fixture(scope="module")
def undisturbed(long_config, tmp_path_factory) -> Path:
    """A folder in which the fine-tuning ran on this machine, undisturbed."""
    folder = tmp_path_factory.mktemp("undisturbed")
    done = run_snakemake(folder, "--cores", "2", THETA, config=copy.deepcopy(long_config))
    assert done.returncode == 0, done.stdout[-6000:]
    return folder


def up_to_fine_tuning(folder: Path, undisturbed: Path) -> Path:
    """A copy of the undisturbed run, without what its fine-tuning made."""
    shutil.copytree(undisturbed, folder)
    for name in OUTPUTS:
        shutil.rmtree(folder / name) if (folder / name).is_dir() else (folder / name).unlink()
    return folder


@pytest.fixture(scope="module")
def broken(long_config, undisturbed, tmp_path_factory, cluster) -> dict[str, tuple[Workflow, Future[Job]]]:
    """All faults at the same time, each in a workflow of its own: three nodes, a fine-tuning job on each."""
    root = tmp_path_factory.mktemp("broken")
    found = {}
    with ThreadPoolExecutor(len(FAULTS)) as pool:
        for name, driver in FAULTS.items():
            folder = up_to_fine_tuning(root / name.replace(" ", "_"), undisturbed)
            workflow = workflow_in(folder, long_config, THETA, seconds=240)
            found[name] = workflow, pool.submit(driver, workflow, "finetune", partial(has_state, folder))
    return found


def has_state(folder: Path, job: Job) -> bool:
    return (folder / STATE).exists()


@pytest.mark.parametrize("fault", FAULTS)
def test_fine_tuning_ends_with_the_undisturbed_bytes(fault, broken, undisturbed):
    workflow, driven = broken[fault]
    driven.result()
    assert (workflow.directory / THETA).read_bytes() == (undisturbed / THETA).read_bytes()
    assert "resumed after step" in (workflow.directory / LOG).read_text()
    assert "starting from step 0" not in (workflow.directory / LOG).read_text()
    assert not (workflow.directory / STATE).exists(), "the finished job removes its state"


@pytest.mark.parametrize("fault", ["cancelled", "snakemake killed"])
def test_told_to_stop_the_job_loses_no_step(fault, broken):
    workflow, driven = broken[fault]
    driven.result()
    printed = "".join(path.read_text() for path in (workflow.directory / ".snakemake/slurm_logs").rglob("*.log"))
    (stopped,) = set(re.findall(r"stopped on request after step (\d+)", printed))
    assert f"resumed after step {stopped} " in (workflow.directory / LOG).read_text()


@pytest.mark.parametrize(
    ("fault", "states"),
    [
        ("cancelled", ["CANCELLED", "COMPLETED"]),
        ("node dead", ["NODE_FAIL", "COMPLETED"]),
        ("snakemake killed", ["CANCELLED", "COMPLETED"]),
    ],
)
def test_the_job_ran_twice_and_nothing_else_did(fault, states, broken):
    workflow, driven = broken[fault]
    driven.result()
    starts = requests(workflow)
    assert [rule for rule, _, _ in starts] == ["finetune", "finetune"]
    assert [state.split()[0] for _, state, _ in starts] == states
