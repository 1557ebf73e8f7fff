"""What the workflow itself costs: dry runs of the papers' configuration and of ten times as many tasks; start-ups.

python -m benchmarks.workflow
"""

from __future__ import annotations

import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import yaml

from benchmarks import measure

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
    """Imports of each kind of job, and over `import torch, open_clip`."""
    times = {name: run([sys.executable, "-c", program], rounds) for name, program in START_UPS.items()}
    base = times["import torch, open_clip"]
    return [{"what": name, "s": round(t, 2), "over torch, open_clip": round(t / base, 2)} for name, t in times.items()]


if __name__ == "__main__":
    measure.report("workflow", dry_run_rows() + start_up_rows())
