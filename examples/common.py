"""What the examples share: their arguments, and a finished run's model, heads, task vectors and images."""

from __future__ import annotations

import argparse
import json
from functools import cached_property
from pathlib import Path

import torch

from lib.data import prepared
from lib.data.batches import EvaluationBatches
from lib.editing.task_vector import TaskVector
from lib.files import checkpoints
from lib.training import modes


def arguments(description: str, *, tasks: list[str], alpha: float) -> argparse.ArgumentParser:
    """The options of every example; tasks and alpha are its defaults, which fit the run of `make demo`."""
    parser = argparse.ArgumentParser(description=description)
    parser.add_argument("--run", type=Path, default=Path("results/demo"), help="the folder of a finished run")
    parser.add_argument("--model", default="ViT-demo-8")
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--mode", default="standard", choices=list(modes.MODES))
    parser.add_argument("--tasks", nargs="+", default=tasks)
    parser.add_argument("--alpha", type=float, default=alpha)
    return parser


class Run:
    """A model of a finished run in one mode; built from an example's parsed arguments."""

    def __init__(self, parsed: argparse.Namespace):
        self.mode, self.folder = modes.get(parsed.mode), parsed.run
        self.model, self.seed = parsed.run / parsed.model, parsed.seed
        self.device = "cuda" if torch.cuda.is_available() else "cpu"

    @cached_property
    def theta_0(self) -> dict[str, torch.Tensor]:
        return self._load(self.model / "pretrained/theta.safetensors")

    @cached_property
    def encoder(self) -> encoders.ImageEncoder:
        record = _present(self.folder / f"provenance/pretrained/{self.model.name}.json")
        params = json.loads(record.read_text())["params"]
        return encoders.image_encoder(params["architecture"], architectures=params["architectures"])

    def tau(self, task: str) -> TaskVector:
        """The task vector that the mode uses."""
        return TaskVector(self._load(self.model / f"seed{self.seed}/{self.mode.vectors_of}/{task}/tau.safetensors"))

    def accuracy(self, tau: TaskVector, alpha: float, task: str) -> float:
        """Test accuracy of theta_0 + alpha tau on a task, in [0, 1]."""
        batches = EvaluationBatches(prepared.read(self.folder / "data" / task, "test"), 250, self.device)
        head = self._load(self.model / f"heads/{task}.safetensors")["weight"]
        found = self.mode.predictions(self.encoder, self.theta_0, [tau], torch.tensor([[alpha]]), batches, head)
        return (found[0].cpu() == batches.labels).double().mean().item()

    def compare(self, tau: TaskVector, alpha: float, tasks: list[str]) -> None:
        """Print the accuracy on each task before and after the edit."""
        for task in tasks:
            before, after = self.accuracy(tau, 0.0, task), self.accuracy(tau, alpha, task)
            print(f"{task:16} pre-trained {before:6.1%}   edited {after:6.1%}")

    def _load(self, path: Path) -> dict[str, torch.Tensor]:
        return {name: value.to(self.device) for name, value in checkpoints.load(_present(path)).items()}


def _present(path: Path) -> Path:
    if not path.exists():
        raise SystemExit(
            f"no file {path}: the examples read a finished run. Run `make demo` first, or name another run with --run, "
            "and the models, modes and tasks that it has"
        )
    return path
