"""The tiny benchmark on the test cluster: the real Snakefile through the profile, in a folder of its own."""

from __future__ import annotations

import copy
import sys
from pathlib import Path

import yaml
from faults import Workflow

ROOT = Path(__file__).resolve().parents[2]
QUICK = ("--slurm-init-seconds-before-status-checks", "1", "--max-status-checks-per-second", "1", "--latency-wait", "5")
LONG, EPOCHS = "Signs", 500  # the task whose fine-tuning takes several seconds in each mode; the other takes one


def slurm_config(benchmark: dict) -> dict:
    """The benchmark, with a GPU for each fine-tuning job (on this cluster a pretended one), some of them long.

    Without what only repeats how other jobs go through Slurm: subsets, and the mode that trains nothing.
    """
    config = copy.deepcopy(benchmark)
    del config["subsets"]
    config["modes"].remove("posthoc")
    config["resources"]["finetune"]["gpu"] = 1
    config["finetune"]["log_every"] = 5
    for task in config["tasks"]:
        task["epochs"] = EPOCHS if task["name"] == LONG else task["epochs"]
    return config


def workflow_in(directory: Path, config: dict, seconds: float, finetune: dict[str, str] | None = None) -> Workflow:
    """`snakemake --profile slurm` in a folder that has the profile in its place; `finetune` sets resources in it."""
    (directory / "slurm").mkdir()
    profile = yaml.safe_load((ROOT / "slurm/config.yaml").read_text())
    profile["set-resources"]["finetune"] |= finetune or {}
    (directory / "slurm/config.yaml").write_text(yaml.safe_dump(profile))
    (directory / "slurm/partitions.yaml").symlink_to(ROOT / "slurm/partitions.yaml")
    (directory / "config.yaml").write_text(yaml.safe_dump(config))
    command = ["env", "OMP_NUM_THREADS=1", sys.executable, "-m", "snakemake", "--profile", "slurm", *QUICK]
    command += ["--snakefile", str(ROOT / "Snakefile"), "--configfile", "config.yaml"]
    return Workflow(command, directory, directory / "snakemake.log", seconds)
