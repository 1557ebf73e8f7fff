"""What the workflow itself costs: dry runs of the papers' configuration and of ten times as many tasks; start-ups;
hashing.

python -m benchmarks.workflow
"""

from __future__ import annotations

import os
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import yaml

from benchmarks import measure
from lib import cost
from lib.files.digests import file_digest
from workflow_scripts.commands import workload
from workflow_scripts.configuration.benchmark import read
from workflow_scripts.job import forked, search_path

ROOT = Path(__file__).resolve().parents[1]
START_UPS = {
    "import torch, open_clip": "import torch, open_clip",
    "a fine-tuning job": "import workflow_scripts.training.finetune, lib.models.encoders.tangent",
    "an evaluation job": "import workflow_scripts.editing.negation, lib.models.encoders.tangent",
    "a head job": "import workflow_scripts.models.head, open_clip",
    "a task-vector job": "import workflow_scripts.training.task_vector",
}


def run(words: list[str], rounds: int) -> float:
    """Median seconds of a command."""
    times = []
    for _ in range(rounds):
        begun = time.perf_counter()
        subprocess.run(words, cwd=ROOT, check=True, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        times.append(time.perf_counter() - begun)
    return statistics.median(times)


def dry_run_rows() -> list[dict[str, object]]:
    """`snakemake -n` of config.yaml, and with ten tasks for each of its eight."""
    config = yaml.safe_load((ROOT / "config.yaml").read_text())
    tasks = config["tasks"]
    many = {**config, "tasks": [{**task, "name": f"{task['name']}{i or ''}"} for i in range(10) for task in tasks]}
    del many["subsets"]  # of 80 tasks there are too many
    rows = []
    with tempfile.TemporaryDirectory() as folder:
        for name, content in (("papers' configuration", config), ("ten times as many tasks", many)):
            file = Path(folder) / "config.yaml"
            file.write_text(yaml.safe_dump(content))
            words = ["-m", "snakemake", "--dry-run", "--directory", folder, "--snakefile", "Snakefile"]
            elapsed = run([sys.executable, *words, "--configfile", str(file)], 3 if content is config else 1)
            rows.append({"what": f"dry run, {name}", "s": round(elapsed, 2)})
    return rows


def start_up_rows(rounds: int = 5) -> list[dict[str, object]]:
    """Imports of each kind of job, and over `import torch, open_clip`; then the same in forks, as local jobs are."""
    times = {name: run([sys.executable, "-c", program], rounds) for name, program in START_UPS.items()}
    base = times["import torch, open_clip"]
    search_path.export(ROOT)
    os.environ["OMP_NUM_THREADS"] = "1"
    if forks := forked.start(jobs=100):
        with tempfile.TemporaryDirectory() as folder:
            for name, program in START_UPS.items():
                script = Path(folder, "script.py")
                script.write_text(program)
                words = ["bash", "-c", f"{forks.prefix.format()} {sys.executable} {script}"]
                run(words, 1)  # waits until the server is there
                times[f"{name}, forked"] = run(words, rounds)
        forks.close()
    return [{"what": name, "s": round(t, 2), "over torch, open_clip": round(t / base, 2)} for name, t in times.items()]


def hashing_rows(gigabyte: int = 10**9) -> list[dict[str, object]]:
    """sha256 of 1 GB, and what it makes of the papers' run: each large file once, or every input of every job, as
    Snakemake would with a checksum threshold above all sizes (once more for each output of the job).
    """
    with tempfile.TemporaryDirectory() as folder:
        file = Path(folder) / "large"
        with open(file, "wb") as handle:
            for _ in range(gigabyte // 10**6):
                handle.write(os.urandom(10**6))
        begun = time.perf_counter()
        file_digest(file)
        rate = gigabyte / (time.perf_counter() - begun)
    once, by_jobs = hashed_bytes()
    return [
        {"what": "sha256 of 1 GB, one core", "s": round(gigabyte / rate, 2)},
        {"what": f"each large file of the papers' run once ({once / 1e9:.0f} GB), estimate", "s": round(once / rate)},
        {"what": f"all inputs of all its jobs ({by_jobs / 1e9:.0f} GB), estimate", "s": round(by_jobs / rate)},
    ]


def hashed_bytes() -> tuple[int, int]:
    """Bytes of the papers' run: of all large files, and of the inputs of its fine-tuning and evaluation jobs."""
    bench = read(ROOT / "config.yaml")
    sizes = {task.name: cost.split_sizes(workload.counts(task), **workload.split_rule(bench)) for task in bench.tasks}
    prepared = {task.name: workload.prepared_bytes(bench, task, sizes[task.name]) for task in bench.tasks}
    held_out = {n: cost.evaluation_bytes(s["val"] + s["test"], bench.image_size) for n, s in sizes.items()}
    control = cost.split_sizes(workload.counts(bench.control), **workload.split_rule(bench))
    of_control = workload.prepared_bytes(bench, bench.control, control)
    paired = {task for pair in bench.disentanglement["pairs"] for task in pair}
    everything, held = sum(prepared.values()), sum(held_out.values())
    inputs = 0
    for name, vit in workload.vits(bench).items():
        tower, own = cost.FLOAT_BYTES * sum(vit.sizes.values()), [bench.model(name)]
        tasks, added = len(bench.tasks), len(bench.evaluated("single_task", own)) + len(bench.additions(own))
        inputs += len(bench.trained(own)) * (tasks * tower + everything - held)  # finetune
        inputs += added * ((tasks + 1) * tower + held)  # single_task, addition
        inputs += len(bench.evaluated("negation", own)) * (tasks * (2 * tower + of_control) + held)
        in_pairs = (len(paired) + 1) * tower + sum(held_out[task] for task in paired)
        inputs += len(bench.evaluated("disentanglement", own)) * in_pairs
    return sum(stage.bytes for stage in workload.stages(bench)), inputs


if __name__ == "__main__":
    measure.report("workflow", dry_run_rows() + start_up_rows() + hashing_rows())
