"""A tiny benchmark of two tasks, and a way to run the real Snakefile on it in a folder of its own."""

import copy
import json
import os
import re
import subprocess
import sys
from pathlib import Path

import pytest
import yaml

ROOT = Path(__file__).resolve().parents[2]


def run_snakemake(
    folder: Path, *arguments: str, config: dict | None = None, timeout: int = 900, **environment: str
) -> subprocess.CompletedProcess:
    """Run the repository's Snakefile in `folder`, with `config` as its configuration file; output in .stdout."""
    words = [sys.executable, "-m", "snakemake", "--snakefile", str(ROOT / "Snakefile"), "--directory", str(folder)]
    if config is not None:
        file = folder / "config.yaml"
        file.write_text(yaml.safe_dump(config))
        words += ["--configfile", str(file)]
    return subprocess.run(
        [*words, *arguments],
        cwd=ROOT,
        text=True,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        timeout=timeout,
        env={**os.environ, "OMP_NUM_THREADS": "1", **environment},
    )


def planned(folder: Path, config: dict, *arguments: str) -> dict[str, int]:
    """Jobs that a dry run would start, by rule."""
    output = run_snakemake(folder, "--dry-run", *arguments, config=config).stdout
    table = output.partition("Job stats:")[2].partition("total")[0]
    return {name: int(count) for name, count in re.findall(r"^(\w+)\s+(\d+)\s*$", table, re.M) if name != "all"}


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


def drawn(name: str, image: str, **more) -> dict:
    options = {"kind": image, "train": 160, "test": 60, "seed": 0}
    return {"name": name, "dataset": "synthetic", "options": options, **more}


@pytest.fixture(scope="session")
def benchmark(tmp_path_factory):
    """A configuration that runs in a minute: two tasks, all modes, one pair."""
    folder = tmp_path_factory.mktemp("clip")
    make_clip(folder)
    config = yaml.safe_load((ROOT / "demo/config.yaml").read_text())
    config.update(
        run="tiny",
        image_size=16,
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
        tasks=[drawn("Scenes", "scenes", epochs=2), drawn("Signs", "signs", epochs=2)],
        control=drawn("Objects", "objects"),
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
def finished(benchmark, tmp_path_factory):
    """A folder in which the tiny benchmark has run to its end. Used in one module alone: each worker would run it."""
    folder = tmp_path_factory.mktemp("run")
    done = run_snakemake(folder, "--cores", "2", config=benchmark)
    assert done.returncode == 0, done.stdout[-6000:]
    return folder
