"""The tiny benchmark on the test cluster: the real Snakefile through the profile, in a folder of its own."""

from __future__ import annotations

import copy
import sys
from pathlib import Path

import yaml
from faults import Workflow, run

ROOT = Path(__file__).resolve().parents[2]
QUICK = ("--slurm-init-seconds-before-status-checks", "1", "--max-status-checks-per-second", "1", "--latency-wait", "5")


def with_gpu(benchmark: dict) -> dict:
    """The configuration, its fine-tuning jobs asking for a GPU each: on this cluster a pretended one."""
    config = copy.deepcopy(benchmark)
    config["resources"]["finetune"]["gpu"] = 1
    return config


def workflow_in(directory: Path, config: dict, *targets: str, seconds: float = 300) -> Workflow:
    """`snakemake --profile slurm` in a folder that has the profile in its place."""
    (directory / "slurm").symlink_to(ROOT / "slurm")
    (directory / "config.yaml").write_text(yaml.safe_dump(config))
    command = ["env", "OMP_NUM_THREADS=1", sys.executable, "-m", "snakemake", *targets, "--profile", "slurm", *QUICK]
    command += ["--snakefile", str(ROOT / "Snakefile"), "--configfile", "config.yaml"]
    return Workflow(command, directory, directory / "snakemake.log", seconds)


def requests(workflow: Workflow) -> list[tuple[str, str, str]]:
    """Of every start of a job: its rule, its state and the resources it asked for."""
    fields = "Comment,State,ReqTRES"
    rows = [
        line.split("|")
        for name in workflow.run_ids()
        for line in run("sacct", "-X", "-n", "-P", "--duplicates", "--name", name, "-o", fields).splitlines()
    ]
    return [(comment.removeprefix("rule_").split("_wildcards")[0], state, asked) for comment, state, asked in rows]
