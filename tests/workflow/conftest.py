"""A tiny benchmark of two tasks, and a way to run the real Snakefile on it in a folder of its own."""

import copy
import fcntl
import json
import os
import re
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

import pytest
import yaml

ROOT = Path(__file__).resolve().parents[2]


def run_snakemake(
    folder: Path,
    *arguments: str,
    config: dict | None = None,
    timeout: int = 2700,
    project: Path = ROOT,
    **environment: str,
) -> subprocess.CompletedProcess:
    """Run a project's Snakefile in `folder`, with `config` as its configuration file; output in .stdout."""
    words = [sys.executable, "-m", "snakemake", "--snakefile", str(project / "Snakefile"), "--directory", str(folder)]
    if config is not None:
        file = Path(tempfile.mkdtemp(dir=folder.parent)) / "config.yaml"  # several tests may look at one folder
        file.write_text(yaml.safe_dump(config, sort_keys=False))
        words += ["--configfile", str(file)]
    if "--profile" not in arguments:
        words += ["--max-jobs-per-timespan", "100/1s"]  # the profile's 5 s are for long runs: short ones end later
    return subprocess.run(
        [*words, *arguments],
        cwd=project,
        text=True,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        timeout=timeout,
        env={**os.environ, "OMP_NUM_THREADS": "1", **environment},
    )


def grown(finished: Path, config: dict, folder: Path) -> tuple[Path, dict[str, int]]:
    """A finished run, copied to `folder`, where a further configuration of it runs to its end; the jobs of that."""
    shutil.copytree(finished, folder, symlinks=True)
    jobs = planned(folder, config)
    done = run_snakemake(folder, "--cores", "2", config=config)
    assert done.returncode == 0, done.stdout[-6000:]
    return folder, jobs


def planned(folder: Path, config: dict, *arguments: str, project: Path = ROOT, **environment: str) -> dict[str, int]:
    """Jobs that a dry run would start, by rule."""
    done = run_snakemake(folder, "--dry-run", *arguments, config=config, project=project, **environment)
    assert done.returncode == 0, done.stdout[-3000:]
    output = done.stdout
    table = output.partition("Job stats:")[2].partition("total")[0]
    return {name: int(count) for name, count in re.findall(r"^(\w+)\s+(\d+)\s*$", table, re.M) if name != "all"}


def without_reader(folder: Path, *words: str) -> subprocess.CompletedProcess:
    """Run Python in a folder with a standard output that nobody reads any more: each write to it fails."""
    reads, writes = os.pipe()
    os.close(reads)
    try:
        return subprocess.run(
            [sys.executable, *words],
            cwd=folder,
            stdout=writes,
            stderr=subprocess.PIPE,
            text=True,
            env={**os.environ, "PYTHONPATH": str(ROOT)},
            timeout=300,
        )
    finally:
        os.close(writes)


def make_clip(folder: Path, name: str = "tiny") -> None:
    """A CLIP with random weights and few parameters: {name}.json and {name}.safetensors in `folder`."""
    import open_clip
    import torch
    from safetensors.torch import save_file

    architecture = {
        "embed_dim": 32,
        "quick_gelu": True,
        "vision_cfg": {"image_size": 16, "patch_size": 8, "width": 32, "layers": 2, "head_width": 16},
        "text_cfg": {"context_length": 77, "vocab_size": 49408, "width": 16, "heads": 2, "layers": 1},
    }
    folder.mkdir(parents=True, exist_ok=True)
    (folder / f"{name}.json").write_text(json.dumps(architecture))
    torch.manual_seed(0)
    state = open_clip.CLIP(**architecture).state_dict()
    save_file({key: value.contiguous() for key, value in state.items()}, folder / f"{name}.safetensors")


def synthetic(name: str, kind: str, **more) -> dict:
    options = {"kind": kind, "train": 160, "test": 60, "seed": 0}
    return {"name": name, "dataset": "synthetic", "options": options, **more}


@pytest.fixture(scope="session")
def benchmark(tmp_path_factory):
    """A configuration that runs in a minute: two tasks, all modes, one pair."""
    folder = tmp_path_factory.mktemp("clip")
    make_clip(folder)  # the same bytes in every worker
    config = yaml.safe_load((ROOT / "demo/config.yaml").read_text())
    del config["pretraining"]  # of files below the project
    config.update(
        run="tiny",
        image_size=16,
        modes=["standard", "posthoc", "linear", "linear-2"],
        models=[
            {
                "name": "tiny",
                "architecture": "tiny",
                "architectures": str(folder),
                "activation": "quick_gelu",
                "accumulate": 1,
                "processes": 1,
                "activation_checkpointing": False,
                "weights": {"file": str(folder / "tiny.safetensors")},
            }
        ],
        tasks=[synthetic("Scenes", "scenes", epochs=2), synthetic("Signs", "signs", epochs=2)],
        control=synthetic("Objects", "objects"),
        split={"seed": 0, "fraction": 0.4, "maximum": 5000},
    )
    config["finetune"]["batch_size"] = 32
    config["evaluation"]["alphas"] = {"start": 0, "stop": 1, "points": 3}
    config["disentanglement"] = {
        "pairs": [["Scenes", "Signs"]],
        "alphas": {"start": -1, "stop": 1, "points": 3},
        "images": 20,
        "seed": 0,
    }
    config["subsets"] = {"sampled": 1, "seed": 0}
    return config


@pytest.fixture
def config(benchmark):
    return copy.deepcopy(benchmark)


@pytest.fixture
def checkpoint(config, tmp_path):
    """A file of the CLIP's weights, moved: what fine-tuning gives."""
    from safetensors.torch import load_file, save_file

    path = tmp_path / "finetuned.safetensors"
    save_file({name: value * 1.01 for name, value in load_file(config["models"][0]["weights"]["file"]).items()}, path)
    return {"model": "tiny", "mode": "standard", "task": "Signs", "seed": 0, "file": str(path)}


@pytest.fixture(scope="session")
def finished(benchmark, tmp_path_factory, worker_id):
    """A folder in which the tiny benchmark has run to its end: one for all workers, so nobody may change it."""
    if worker_id == "master":
        return _run(tmp_path_factory.mktemp("run"), benchmark)
    shared = tmp_path_factory.getbasetemp().parent
    with open(shared / "finished.lock", "w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        folder = shared / "finished"
        return folder if folder.exists() else _run(shared / "running", benchmark).rename(folder)


def _run(folder: Path, benchmark: dict) -> Path:
    folder.mkdir(exist_ok=True)
    done = run_snakemake(folder, "--cores", "2", config=benchmark)
    assert done.returncode == 0, done.stdout[-6000:]
    return folder


@pytest.fixture
def own_run(finished, tmp_path):
    """A copy of the finished run, with its times, that a test may change."""
    return Path(shutil.copytree(finished, tmp_path / "own", symlinks=True))


PROJECT = ("Snakefile", "rules", "report", "lib", "workflow_scripts", "envs", "profiles", "config.yaml", "demo")


@pytest.fixture
def project(tmp_path):
    """A copy of the code, with its times, that a test may change."""
    folder = tmp_path / "project"
    folder.mkdir()
    for name in PROJECT:
        copy_ = shutil.copytree if (ROOT / name).is_dir() else shutil.copy2
        copy_(ROOT / name, folder / name)
    return folder


def edit(file: Path, old: str, new: str) -> None:
    """Replace a text that stands in a file exactly once."""
    text = file.read_text()
    assert text.count(old) == 1, (file, old, text.count(old))
    file.write_text(text.replace(old, new))
