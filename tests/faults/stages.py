"""Every stage of the workflow as a call of its script's main(), on two tiny tasks, below one folder."""

from __future__ import annotations

from collections.abc import Callable
from importlib import import_module
from pathlib import Path

from lib.data.datasets import reading
from lib.files import checkpoints
from lib.models.architectures import image_part, read_configuration
from lib.training import modes
from tests.faults.train import READ_EVERY, RECIPE
from workflow_scripts.configuration import resolution
from workflow_scripts.data import prepare
from workflow_scripts.editing import addition, disentanglement, negation, single_task, subsets
from workflow_scripts.editing.evaluation import Evaluation
from workflow_scripts.models import head, pretrained, zero_shot
from workflow_scripts.reporting import (
    alpha_sweeps,
    bootstrap,
    findings,
    heatmaps,
    loss_curves,
    reproduction,
    scatters,
    subset_figures,
    subset_tables,
    tables,
)
from workflow_scripts.training import finetune, task_vector

TASKS, CONTROL = {"Scenes": "scenes", "Signs": "signs"}, {"Objects": "objects"}
ALPHAS = [0.0, 0.5, 1.0]
BOOTSTRAP = {"resamples": 100, "seed": 0}
MODE = modes.get("standard")
IDENTITY = {"model": "tiny", "seed": 0, "mode": MODE.name}


class Stages:
    """clip: the folder that holds the tiny CLIP; root: where everything is written. Methods: the rules."""

    def __init__(self, clip: Path, root: Path):
        self.clip, self.root = clip, root
        self.model = {"architecture": "tiny", "architectures": str(clip)}
        self.theta_0 = root / "pretrained/theta.safetensors"
        self.single_task_csv = root / "single_task.csv"

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
            self.subsets,
            self.bootstrap,
            self.tables,
            self.reproduction,
            self.findings,
            self.heatmaps,
            self.scatters,
            self.alpha_sweeps,
            self.loss_curves,
            self.subset_tables,
            self.subset_figures,
        ]

    def prepare(self) -> None:
        for name, kind in (TASKS | CONTROL).items():
            prepare.main(
                self.root / "data" / name,
                name=name,
                reading=reading("synthetic", None),
                root=Path("data"),
                options={"kind": kind, "train": 40, "test": 20, "seed": 0},
                image_size=16,
                train_short_side=None,
                split={"seed": 0, "fraction": 0.4, "maximum": 5000},
                parts=["fit", "val", "test"],
            )

    def pretrained(self) -> None:
        pretrained.main(
            self.root / "pretrained/clip.safetensors",
            self.theta_0,
            **self.model,
            configuration=self._configuration(),
            activation="quick_gelu",
            image_size=16,
            weights={"file": str(self.clip / "tiny.safetensors")},
            image_tower=None,
        )

    def head(self) -> None:
        clip = self.root / "pretrained/clip.safetensors"
        for name in TASKS | CONTROL:
            classes = self.root / f"data/{name}/classes.json"
            head.main(clip, classes, self.root / f"heads/{name}.safetensors", **self.model, vocabulary=None)

    def zero_shot(self) -> None:
        zero_shot.main(
            self._evaluation(), *self._of("pretrained/accuracy.csv", "pretrained/predictions.npz"), model="tiny"
        )

    def finetune(self, save_every_seconds: float = 600) -> None:
        for name in TASKS:
            finetune.main(
                self.theta_0,
                self.root / f"heads/{name}.safetensors",
                self.root / "data" / name,
                self.root / f"{name}/theta.safetensors",
                self.root / f"{name}/training_log.csv",
                self.root / f"scratch/{name}/state.safetensors",
                identity={**IDENTITY, "task": name},
                architecture=image_part(self._configuration()),
                training=resolution.training(MODE.name),
                others={},
                image_size=16,
                epochs=10,
                accumulate=1,
                recipe=RECIPE,
                threads=1,
                activation_checkpointing=False,
                read_every=READ_EVERY,
                save_every_seconds=save_every_seconds,
                device="cpu",
                fingerprint=name,
            )

    def task_vector(self) -> None:
        for name in TASKS:
            theta, state = self.root / f"{name}/theta.safetensors", self.root / f"scratch/{name}/state.safetensors"
            task_vector.main(self.theta_0, theta, self._tau(name), state=state)

    def single_task(self) -> None:
        files = self._of("single_task.csv", "single_task_predictions.npz")
        single_task.main(self._evaluation(), self._taus(), *files, identity=IDENTITY)

    def addition(self) -> None:
        addition.main(
            self._evaluation(TASKS),
            self._taus(),
            self.single_task_csv,
            self.root / "addition/sum",
            rule="lib.editing.merging.sum",
            settings={},
            statistics={},
            alphas=ALPHAS,
            random_init=False,
            identity={**IDENTITY, "rule": "sum"},
        )

    def negation(self) -> None:
        for name in TASKS:
            negation.main(
                self._evaluation(),
                self._tau(name),
                self.root / "negation" / name,
                task=name,
                control="Objects",
                alphas=ALPHAS,
                control_floor=0.95,
                forgetting=MODE.forgetting,
                identity=IDENTITY,
            )

    def disentanglement(self) -> None:
        outputs = ({tuple(TASKS): path} for path in (self._grid(), self._outcomes()))
        options = {"alphas": [-1.0, 0.0, 1.0], "images": 10, "seed": 0, "identity": IDENTITY}
        disentanglement.main(self._evaluation(), self._taus(), *outputs, **options)

    def subsets(self) -> None:
        given = {"sample": {"sampled": 1, "seed": 0}, "at_once": False, "alphas": ALPHAS, "identity": IDENTITY}
        subsets.main(self._evaluation(TASKS), self._taus(), self.single_task_csv, self.root / "subsets", **given)

    def bootstrap(self) -> None:
        bootstrap.main(
            self.root / "resamples.npz",
            {
                "zero_shot": self._of("pretrained/predictions.npz"),
                "single_task": self._of("single_task_predictions.npz"),
                "addition": self._of("addition/sum/predictions.npz"),
                "negation": self._of(*(f"negation/{name}/predictions.npz" for name in TASKS)),
            },
            {name: str(self.root / f"data/{name}/test.index.npz") for name in TASKS | CONTROL},
            control="Objects",
            **BOOTSTRAP,
        )

    def tables(self) -> None:
        tables.main(
            self.root / "tables",
            single_task=[str(self.root / "pretrained/accuracy.csv"), str(self.single_task_csv)],
            addition=[str(self.root / "addition/sum/test.csv")],
            negation=[str(self.root / f"negation/{name}/test.csv") for name in TASKS],
            manifests=[str(self.root / f"data/{name}/manifest.json") for name in TASKS | CONTROL],
            resamples=str(self.root / "resamples.npz"),
            tasks=list(TASKS),
            control="Objects",
        )

    def reproduction(self) -> None:
        names = ("addition", "negation", "single_task")
        files = dict(zip(names, self._of(*(f"tables/{name}.csv" for name in names)), strict=True))
        reproduction.main(self.root / "tables", files, tasks=list(TASKS), control="Objects")

    def findings(self) -> None:
        findings.main(
            self.root,
            resamples=str(self.root / "resamples.npz"),
            outcomes=[str(self._outcomes())],
            models=["tiny"],
            random={},
            tasks=list(TASKS),
            control="Objects",
            control_floor=0.95,
            search_space=(0.0, 1.0),
            bootstrap=BOOTSTRAP,
        )

    def heatmaps(self) -> None:
        heatmaps.main([str(self._grid())], self.root / "figures", (0.0, 1.0))

    def scatters(self) -> None:
        # of the one mode against itself
        scatters.main([str(self.single_task_csv)], self.root / "figures", modes=[MODE.name], tasks=list(TASKS))

    def alpha_sweeps(self) -> None:
        sweeps, tested = ([str(self.root / f"addition/sum/{name}.csv")] for name in ("sweep_val", "test"))
        alpha_sweeps.main(sweeps, tested, [str(self.single_task_csv)], self.root / "figures")

    def loss_curves(self) -> None:
        logs = [str(self.root / f"{name}/training_log.csv") for name in TASKS]
        shown = {"models": ["tiny"], "modes": [MODE.name], "tasks": list(TASKS)}
        loss_curves.main(logs, self.root / "figures", **shown, every=READ_EVERY)

    def subset_tables(self) -> None:
        subset_tables.main(
            self.root / "tables",
            tested=self._of("subsets/subsets.csv"),
            predicted=self._of("subsets/predictions.npz"),
            single_task=self._of("single_task_predictions.npz"),
            labels=self._of(*(f"data/{name}/test.index.npz" for name in TASKS)),
            manifests=self._of(*(f"data/{name}/manifest.json" for name in TASKS)),
            tasks=list(TASKS),
            samples={MODE.name: {"sampled": 1, "seed": 0}},
            resamples=100,
            seed=0,
        )

    def subset_figures(self) -> None:
        single = self._of("pretrained/accuracy.csv", "single_task.csv")
        given = {"tasks": list(TASKS), "control": "Objects", "samples": {MODE.name: {"sampled": 1, "seed": 0}}}
        subset_figures.main(self._of("subsets/subsets.csv"), single, self.root / "figures", **given)

    def _of(self, *names: str) -> list[str]:
        return [str(self.root / name) for name in names]

    def _configuration(self) -> dict:
        return read_configuration("tiny", self.clip)

    def _tau(self, name: str) -> Path:
        return self.root / f"{name}/tau.safetensors"

    def _taus(self) -> dict[str, Path]:
        return {name: self._tau(name) for name in TASKS}

    def _grid(self) -> Path:
        return self.root / f"disentanglement/{'--'.join(TASKS)}.npz"

    def _outcomes(self) -> Path:
        return self.root / f"disentanglement/outcomes/{'--'.join(TASKS)}.npz"

    def _evaluation(self, tasks=TASKS | CONTROL) -> Evaluation:
        return Evaluation(
            encoder=MODE.image_encoder(self._configuration()),
            edited=import_module(MODE.predictions_module),
            theta_0=checkpoints.load(self.theta_0),
            data={name: self.root / "data" / name for name in tasks},
            heads={name: checkpoints.load(self.root / f"heads/{name}.safetensors")["weight"] for name in tasks},
            batch_size=64,
            precision="float32",
            device="cpu",
        )
