"""The real workflow on a real Slurm: the same bytes as on one machine, and GPUs for those who need them."""

from __future__ import annotations

from pathlib import Path

import faults
import pytest
from benchmark_run import requests, with_gpu, workflow_in
from faults import Workflow

from tests.workflow.conftest import run_snakemake

SAME = ("tables/*.csv", "tables/*.md", "tables/*.tex", "**/addition/test.csv", "**/tau.safetensors", "findings.md")

pytestmark = [pytest.mark.slurm, pytest.mark.usefixtures("cluster")]


@pytest.fixture(scope="module")
def runs(benchmark, tmp_path_factory, cluster) -> tuple[Path, Workflow]:
    """The tiny benchmark in two modes, run to its end on this machine and, at the same time, on three nodes."""
    config = {**with_gpu(benchmark), "modes": ["standard", "linear"]}
    workflow = workflow_in(tmp_path_factory.mktemp("on_slurm"), config, seconds=600)
    process, folder = faults.start(workflow), tmp_path_factory.mktemp("local")
    local = run_snakemake(folder, "--cores", "1", config=config)
    faults.finish(workflow, process)
    assert local.returncode == 0, local.stdout[-6000:]
    return folder, workflow


@pytest.mark.parametrize("pattern", SAME)
def test_the_cluster_makes_the_same_bytes_as_one_machine(runs, pattern):
    here, there = (folder / "results/tiny" for folder in (runs[0], runs[1].directory))
    names = sorted(path.relative_to(here) for path in here.glob(pattern))
    assert names
    assert [name for name in names if (there / name).read_bytes() != (here / name).read_bytes()] == []


def test_only_fine_tuning_asked_for_gpus(runs):
    asked = requests(runs[1])
    assert {state for _, state, _ in asked} == {"COMPLETED"}
    gpu = {rule for rule, _, resources in asked if "gres/gpu=1" in resources}
    none = {rule for rule, _, resources in asked if "gres/gpu" not in resources}
    assert gpu == {"finetune"}
    assert {"prepare", "prepare_control", "tables", "figures", "heatmap_figures", "addition"} <= none
