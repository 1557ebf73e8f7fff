"""Every stage of the workflow as a call of its script's main(), on two tiny tasks, below one folder."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

from lib.files import checkpoints
from lib.models import encoders
from lib.training import modes
from tests.faults.train import RECIPE
from workflow_scripts.data import prepare
from workflow_scripts.editing import addition, disentanglement, negation, single_task
from workflow_scripts.editing.evaluation import Evaluation
from workflow_scripts.models import head, pretrained, zero_shot
from workflow_scripts.reporting import figures, tables
from workflow_scripts.training import finetune, task_vector

TASKS, CONTROL = {"Scenes": "scenes", "Signs": "signs"}, {"Objects": "objects"}
ALPHAS = [0.0, 0.5, 1.0]
IDENTITY = {"model": "tiny", "seed": 0, "mode": "standard"}


class Stages:
    """clip: the folder that holds the tiny CLIP; root: where everything is written. Methods: the rules."""

    def __init__(self, clip: Path, root: Path):
        self.clip, self.root = clip, root
        self.model = {"architecture": "tiny", "architectures": str(clip)}
        self.theta_0 = root / "pretrained/theta.safetensors"

    def in_order(self) -> list[Callable[[], None]]:
        return [
            self.prepare,
            self.pretrained,
            self.head,
            self.zero_shot,
            self.finetune,
            self.task_vector,
            self.single_task,
            self.addition,
            self.negation,
            self.disentanglement,
            self.tables,
            self.figures,
        ]

    def prepare(self) -> None:
        for name, image in (TASKS | CONTROL).items():
            prepare.main(
                self.root / "data" / name,
                name=name,
                dataset="synthetic",
                source=None,
                root=Path("data"),
                options={"kind": image, "train": 40, "test": 20, "seed": 0},
                image_size=16,
                train_short_side=None,
                split={"seed": 0, "fraction": 0.4, "maximum": 5000},
                parts=["fit", "val", "test"],
            )

    def pretrained(self) -> None:
        weights = {"file": str(self.clip / "tiny.safetensors")}
        clip = self.root / "pretrained/clip.safetensors"
        pretrained.main(clip, self.theta_0, **self.model, activation="quick_gelu", image_size=16, weights=weights)

    def head(self) -> None:
        clip = self.root / "pretrained/clip.safetensors"
        for name in TASKS | CONTROL:
            manifest = self.root / f"data/{name}/manifest.json"
            head.main(clip, manifest, self.root / f"heads/{name}.safetensors", **self.model, vocabulary=None)

    def zero_shot(self) -> None:
        zero_shot.main(self._evaluation(), str(self.root / "pretrained/accuracy.csv"), model="tiny")

    def finetune(self, save_every_seconds: float = 600) -> None:
        for name in TASKS:
            finetune.main(
                self.theta_0,
                self.root / f"heads/{name}.safetensors",
                self.root / "data" / name,
                self.root / f"{name}/theta.safetensors",
                self.root / f"{name}/training_log.csv",
                self.root / f"scratch/{name}/state.safetensors",
                mode="standard",
                **self.model,
                image_size=16,
                seed=0,
                epochs=10,
                accumulate=1,
                activation_checkpointing=False,
                recipe=RECIPE,
                save_every_seconds=save_every_seconds,
                device="cpu",
                fingerprint=name,
            )

    def task_vector(self) -> None:
        for name in TASKS:
            task_vector.main(self.theta_0, self.root / f"{name}/theta.safetensors", self._tau(name))

    def single_task(self) -> None:
        taus = {name: self._tau(name) for name in TASKS}
        single_task.main(self._evaluation(), taus, str(self.root / "single_task.csv"), model="tiny", seed=0)

    def addition(self) -> None:
        taus, single = [self._tau(name) for name in TASKS], self.root / "single_task.csv"
        evaluation = self._evaluation(TASKS)
        addition.main(evaluation, taus, single, self.root / "addition", alphas=ALPHAS, identity=IDENTITY)

    def negation(self) -> None:
        names = {"control": "Objects", "control_floor": 0.95}
        for name in TASKS:
            folder = self.root / "negation" / name
            given = {"task": name, **names, "alphas": ALPHAS, "identity": IDENTITY}
            negation.main(self._evaluation(), self._tau(name), folder, **given)

    def disentanglement(self) -> None:
        taus = {name: self._tau(name) for name in TASKS}
        outputs = {tuple(TASKS): self._grid()}
        disentanglement.main(self._evaluation(), taus, outputs, alphas=[-1.0, 0.0, 1.0], images=10, seed=0)

    def tables(self) -> None:
        tables.main(
            self.root / "tables",
            self.root / "findings.md",
            single_task=[str(self.root / name) for name in ("pretrained/accuracy.csv", "single_task.csv")],
            addition=[str(self.root / "addition/test.csv")],
            negation=[str(self.root / f"negation/{name}/test.csv") for name in TASKS],
            grids={("tiny", "standard"): [str(self._grid())]},
            manifests=[str(self.root / f"data/{name}/manifest.json") for name in TASKS | CONTROL],
            tasks=list(TASKS),
            control="Objects",
            control_floor=0.95,
            search_space=(0.0, 1.0),
        )

    def figures(self) -> None:
        logs = {("tiny", 0, "standard", name): str(self.root / f"{name}/training_log.csv") for name in TASKS}
        figures.losses(logs, self.root / "figures")
        pair = "--".join(TASKS)
        figures.heatmaps({("tiny", "standard", pair): [str(self._grid())]}, self.root / "figures", (0.0, 1.0))

    def _tau(self, name: str) -> Path:
        return self.root / f"{name}/tau.safetensors"

    def _grid(self) -> Path:
        return self.root / f"disentanglement/{'--'.join(TASKS)}.npz"

    def _evaluation(self, tasks=TASKS | CONTROL) -> Evaluation:
        return Evaluation(
            mode=modes.get("standard"),
            encoder=encoders.image_encoder("tiny", architectures=str(self.clip)),
            theta_0=checkpoints.load(self.theta_0),
            data={name: self.root / "data" / name for name in tasks},
            heads={name: checkpoints.load(self.root / f"heads/{name}.safetensors")["weight"] for name in tasks},
            batch_size=64,
            precision="float32",
            device="cpu",
        )
