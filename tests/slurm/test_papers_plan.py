"""The papers' configuration as a cluster would get it: a dry run with the profile, which needs no cluster."""

from __future__ import annotations

import re

from tests.workflow.conftest import ROOT, run_snakemake

# rule: (jobs, GPUs a job)
JOBS = {
    "prepare": (8, 0),
    "prepare_control": (1, 0),
    "pretrained": (3, 0),
    "head": (27, 0),
    "zero_shot": (3, 1),
    "finetune": (72, 1),
    "task_vector": (72, 0),
    "single_task": (12, 1),
    "addition": (12, 1),
    "negation": (96, 1),
    "disentanglement": (12, 1),
    "tables": (1, 0),
    "figures": (1, 0),
    "heatmap_figures": (1, 0),
}


def test_the_papers_run_asks_the_cluster_for_what_its_configuration_says(tmp_path):
    profiles = ("--profile", str(ROOT / "slurm"), "--workflow-profile", "none")
    done = run_snakemake(tmp_path, *profiles, "--dry-run", "--configfile", str(ROOT / "config.yaml"))
    assert done.returncode == 0, done.stdout[-3000:]
    planned = re.findall(r"^(?:local)?rule (\w+):\n(?:    .*\n)*?    resources: (.*)$", done.stdout, re.M)
    found = {}
    for rule, resources in planned:
        gpus = int(dict(re.findall(r"(gpu)=(\d+)", resources)).get("gpu", 0))
        found.setdefault(rule, []).append(gpus)
    del found["all"]
    assert {rule: (len(gpus), max(gpus)) for rule, gpus in found.items()} == JOBS
    assert all(len(set(gpus)) == 1 for gpus in found.values())
    requests = [{key: int(n) for key, n in re.findall(r"(mem_mb|runtime|gpu)=(\d+)", text)} for _, text in planned]
    largest = {key: max(request.get(key, 0) for request in requests) for key in ("mem_mb", "runtime", "gpu")}
    assert largest == {"mem_mb": 48000, "runtime": 480, "gpu": 1}
    warned = [rule for rule, resources in planned if "--signal=TERM@120" in resources]
    assert warned == ["finetune"] * JOBS["finetune"][0]
