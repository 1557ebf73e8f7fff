"""The real workflow on a real Slurm: the same bytes as on one machine, and GPUs for those who need them."""

import faults
import pytest
from benchmark_run import requests, with_gpu, workflow_in

SAME = ("tables/*.csv", "tables/*.md", "tables/*.tex", "**/addition/test.csv", "**/tau.safetensors", "findings.md")

pytestmark = [pytest.mark.slurm, pytest.mark.usefixtures("cluster")]


@pytest.fixture(scope="module")
def on_slurm(benchmark, tmp_path_factory, cluster):
    """The tiny benchmark, run to its end on three nodes."""
    workflow = workflow_in(tmp_path_factory.mktemp("on_slurm"), with_gpu(benchmark), seconds=600)
    faults.finish(workflow, faults.start(workflow))
    return workflow


@pytest.mark.parametrize("pattern", SAME)
def test_the_cluster_makes_the_same_bytes_as_one_machine(on_slurm, finished, pattern):
    here, there = finished / "results/tiny", on_slurm.directory / "results/tiny"
    names = sorted(path.relative_to(here) for path in here.glob(pattern))
    assert names
    assert [name for name in names if (there / name).read_bytes() != (here / name).read_bytes()] == []


def test_only_fine_tuning_asked_for_gpus(on_slurm):
    asked = requests(on_slurm)
    assert {state for _, state, _ in asked} == {"COMPLETED"}
    gpu = {rule for rule, _, resources in asked if "gres/gpu=1" in resources}
    none = {rule for rule, _, resources in asked if "gres/gpu" not in resources}
    assert gpu == {"finetune"}
    assert {"prepare", "prepare_control", "tables", "figures", "heatmap_figures", "addition"} <= none
