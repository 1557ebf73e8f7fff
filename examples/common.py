"""What the examples share: their arguments, and a finished run's model, heads, task vectors and images."""

from __future__ import annotations

import argparse
import json
from functools import cached_property
from pathlib import Path

import torch

from lib.data import prepared
from lib.data.evaluation_batches import EvaluationBatches
from lib.editing.task_vector import TaskVector
from lib.files import checkpoints
from lib.models.encoders.interface import Encoder
from lib.training import modes
from workflow_scripts.layout import Layout


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
        self.mode, self.layout = modes.get(parsed.mode), Layout(run=str(parsed.run), scratch="scratch")
        self.names = {"model": parsed.model, "seed": parsed.seed, "mode": self.mode.vectors_of}
        self.device = "cuda" if torch.cuda.is_available() else "cpu"

    @cached_property
    def theta_0(self) -> dict[str, torch.Tensor]:
        return self._load(self.layout.theta_0)

    @cached_property
    def encoder(self) -> Encoder:
        """What the record of the model's zero-shot accuracy says of its architecture, as the mode evaluates it."""
        record = _present(self.layout.record("zero_shot", self.names["model"]))
        return self.mode.image_encoder(json.loads(record.read_text())["params"]["architecture"])

    def tau(self, task: str) -> TaskVector:
        """The task vector that the mode uses."""
        return TaskVector(self._load(self.layout.tau, task))

    def accuracy(self, tau: TaskVector, alpha: float, task: str) -> float:
        """Test accuracy of theta_0 + alpha tau on a task, in [0, 1]."""
        head = self._load(self.layout.head, task)["weight"]
        batches = EvaluationBatches(prepared.read(Path(self.layout.data.format(task=task)), "test"), 250, self.device)
        found = self.mode.predictions(self.encoder, self.theta_0, [tau], torch.tensor([[alpha]]), batches, head)
        return (found[0].cpu() == batches.labels).double().mean().item()

    def compare(self, tau: TaskVector, alpha: float, tasks: list[str]) -> None:
        """Print the accuracy on each task before and after the edit."""
        for task in tasks:
            before, after = self.accuracy(tau, 0.0, task), self.accuracy(tau, alpha, task)
            print(f"{task:16} pre-trained {before:6.1%}   edited {after:6.1%}")

    def _load(self, path: str, task: str = "") -> dict[str, torch.Tensor]:
        file = _present(path.format(task=task, **self.names))
        return {name: value.to(self.device) for name, value in checkpoints.load(file).items()}


def _present(file: str) -> Path:
    if not Path(file).exists():
        raise SystemExit(
            f"no file {file}: the examples read a finished run. Run `make demo` first, or name another run with --run, "
            "and the models, modes and tasks that it has"
        )
    return Path(file)
