"""A finished run as an audit sees it: its configuration, the files it should have, and what they hold now."""

from __future__ import annotations

import math
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

import numpy as np
import pandas as pd

from lib.data.datasets import DATASETS
from lib.data.prepared import FIELDS
from lib.files import checkpoints
from lib.files.digests import SUFFIX, file_digest
from lib.files.own_files import read_json, read_npz
from lib.provenance import records
from workflow_scripts.configuration import arena, drift
from workflow_scripts.configuration.benchmark import Benchmark, Task
from workflow_scripts.configuration.participation import curvatures
from workflow_scripts.layout import SPLITS, Layout
from workflow_scripts.reporting import frames

_REPORT = (
    "bootstrap",
    "tables",
    "random_init",
    "disentanglement_table",
    "similarity_table",
    "negation_controls_table",
    "analogies_table",
    "analogies_figure",
    "subset_tables",
    "subset_figures",
    "arena_table",
    "arena_figure",
    "reproduction",
    "findings",
    "heatmaps",
    "similarity_maps",
    "scatters",
    "alpha_sweeps",
    "loss_curves",
    "localization_table",
    "localization_figures",
    "kernel_regression_table",
    "kernel_regression_figure",
    "wide_networks_table",
    "wide_networks_figures",
    "laziness_table",
    "laziness_figure",
    "drift_table",
    "pages",
)


@dataclass(frozen=True)
class Fault:
    """Something that is not as it should be. place: a file of the run; what: with the cell or key in it."""

    place: str
    what: str


@dataclass(frozen=True)
class Job:
    """A job that the configuration asks for. record: where its record lies."""

    rule: str
    wildcards: Mapping[str, str]
    record: str


class Run:
    """A run's files below `root`, the folder that it was started in. Digests are computed once, from the bytes."""

    def __init__(self, bench: Benchmark, root: Path, project: Path):
        self.bench, self.root, self.project = bench, root, project
        self.files = Layout.of(bench.run)
        self._digests: dict[str, str | None] = {}
        self._frames: dict[str, pd.DataFrame] = {}
        self._sizes: dict[str, int] = {}
        self._norms: dict[str, float] = {}

    def path(self, file: str) -> Path:
        return self.root / file

    def digest(self, file: str) -> str | None:
        """sha256 of a file's bytes, None if it is absent."""
        if file not in self._digests:
            self._digests[file] = file_digest(self.path(file)) if self.path(file).is_file() else None
        return self._digests[file]

    def frame(self, file: str) -> pd.DataFrame:
        """The rows of one of our csv files. Raises ValueError or OSError."""
        if file not in self._frames:
            self._frames[file] = frames.read([str(self.path(file))])
        return self._frames[file]

    def format(self, pattern: str, **wildcards: object) -> str:
        """A path of the layout with its wildcards filled."""
        for name, value in wildcards.items():
            pattern = pattern.replace(f"{{{name}}}", str(value))
        return pattern

    def paths(self, pattern: str, places: Iterable[Mapping[str, object]]) -> list[str]:
        """Where the files of a pattern of the layout lie, of every place, which is what fills its wildcards."""
        return [str(self.path(self.format(pattern, **where))) for where in places]

    def indices(self, tasks: Iterable[str], split: str = "test") -> dict[str, str]:
        """Task -> where the index of a split of it lies."""
        return {task: str(self.path(self.format(self.files.index, task=task, split=split))) for task in tasks}

    def footnotes(self, rule: str) -> list[str]:
        """What a rule's tables say of jobs of other package versions, by its record."""
        record = next((record for record in self.graph.records if record.rule == rule), None)
        return record.params["footnotes"] if record else []

    @cached_property
    def broken_records(self) -> dict[str, str]:
        """Record -> what is wrong with it, of those that cannot be read."""
        return {file: found for file, found in self._read.items() if isinstance(found, str)}

    @cached_property
    def graph(self) -> records.Graph:
        """The graph of the records that can be read."""
        return records.Graph.of(tuple(found for found in self._read.values() if isinstance(found, records.Record)))

    @cached_property
    def _read(self) -> dict[str, records.Record | str]:
        found: dict[str, records.Record | str] = {}
        folder = self.path(self.files.records)
        for file in sorted(str(path.relative_to(self.root)) for path in folder.rglob("*.json")):
            try:
                found[file] = records.read(self.root, file)
            except records.RecordError as error:
                found[file] = str(error)
        return found

    def record(self, job: Job) -> records.Record | None:
        found = self._read.get(job.record)
        return found if isinstance(found, records.Record) else None

    @property
    def tasks(self) -> list[Task]:
        """The tasks of the benchmark, the control last."""
        return [*self.bench.tasks, self.bench.control]

    @cached_property
    def jobs(self) -> list[Job]:
        """Every job of a whole run of the configuration, in the order of the workflow."""
        return list(self._jobs())

    def _jobs(self) -> Iterator[Job]:
        bench = self.bench
        for task in (*bench.tasks, *bench.auxiliary):
            yield self._job("prepare", task=task.name)
        yield Job("prepare_control", {}, self.files.record("prepare", bench.control.name))
        for model in bench.models:
            yield self._job("pretrained", model=model.name)
            yield from (self._job("head", model=model.name, task=task.name) for task in bench.tasks_with_heads(model))
            yield self._job("zero_shot", model=model.name)
        imported = {(entry.model, entry.seed, entry.mode, entry.task) for entry in bench.checkpoints}
        for where in bench.trainings():
            trained = self._job("finetune", **where)
            named = tuple(where[key] for key in ("model", "seed", "mode", "task")) in imported
            yield Job("import_checkpoint", trained.wildcards, trained.record) if named else trained
            yield self._job("task_vector", **where)
        trained = [where for where in bench.trainings() if tuple(where.values()) not in imported]
        read = curvatures(trained, bench.task_names, drift.models(bench))
        yield from (self._job("curvature", **where) for where in read)
        yield from (self._job("single_task", **where) for where in bench.evaluated("single_task"))
        yield from (self._job("coefficients", **where) for where in arena.learned(bench))
        yield from (self._job(kind, **where) for kind in ("gram", "fisher") for where in arena.moments(bench, kind))
        yield from (self._job("addition", **where) for where in bench.additions())
        for where in bench.evaluated("negation"):
            yield from (self._job("negation", **where, task=task) for task in bench.task_names)
        for where in bench.controls_of_negation():
            yield self._job("negation_controls", **{key: where[key] for key in ("model", "seed", "task")})
        yield from (self._job("analogy", **where) for where in bench.analogous(bench.analogies.modes))
        yield from (self._job("few_shot", **where) for where in bench.analogous(bench.analogies.few_shot_modes))
        if bench.pairs:
            yield from (self._job("disentanglement", **where) for where in bench.evaluated("disentanglement"))
        yield from (self._job("similarity", **where) for where in bench.compared())
        yield from (self._job("subsets", **where) for where in bench.subset_runs)
        yield from (self._job("localization", **where) for where in bench.kernels.localized(bench.models))
        yield from (self._job("kernel_regression", **where) for where in bench.kernels.regressed(bench.pretrained))
        yield from (self._job("laziness", **where) for where in bench.diagnosed())
        yield from (self._job("drift", **where) for where in drift.measured(bench))
        if bench.kernels.wide_networks:
            yield self._job("wide_networks")
        kinds = {
            "heatmaps": bench.pairs,
            "disentanglement_table": bench.pairs,
            "scatters": bench.scattered,
            "random_init": bench.random_init,
            "negation_controls_table": bench.negation_controls,
            "analogies_table": bench.analogies.by_name,
            "analogies_figure": bench.analogies.few_shot_modes,
            "subset_tables": bench.subset_runs,
            "subset_figures": bench.subset_runs,
            "arena_table": bench.arena is not None,
            "arena_figure": bench.arena is not None,
            **dict.fromkeys(("localization_table", "localization_figures"), bench.kernels.localization),
            **dict.fromkeys(("kernel_regression_table", "kernel_regression_figure"), bench.kernels.regression),
            **dict.fromkeys(("wide_networks_table", "wide_networks_figures"), bench.kernels.wide_networks),
            **dict.fromkeys(("laziness_table", "laziness_figure"), bench.kernels.laziness),
            "drift_table": bench.kernels.drift,
        }
        for rule in _REPORT:
            if kinds.get(rule, True):
                yield Job(rule, {}, self.files.record(rule))

    def _job(self, rule: str, **wildcards: object) -> Job:
        options = {name: str(value) for name, value in wildcards.items()}
        folders = [f"seed{value}" if name == "seed" else value for name, value in options.items()]
        return Job(rule, options, self.files.record(rule, *folders))

    def parts(self, task: Task) -> tuple[str, ...]:
        """The prepared splits of a task."""
        return SPLITS[1:] if task is self.bench.control else SPLITS

    def training_images(self, task: Task) -> int | None:
        """The number of images that val is drawn from; None where the source has its own val, or is not counted."""
        counts = DATASETS[task.dataset].counts(task.source, task.options)
        return None if counts is None or "val" in counts else counts["train"]

    def json(self, file: str) -> dict:
        """The object in one of our JSON files. Raises OwnFileError."""
        return read_json(self.path(file))

    def index(self, task: str, split: str) -> dict[str, np.ndarray]:
        """The arrays of a prepared split's index. Raises OwnFileError."""
        return read_npz(self.path(self.format(self.files.index, task=task, split=split)), FIELDS)

    def n(self, task: str, split: str) -> int:
        """The number of images of a prepared split, by its file; read once."""
        file = self.format(self.files.split, task=task, split=split)
        if file not in self._sizes:
            self._sizes[file] = self.json(file)["n"]
        return self._sizes[file]

    def norm(self, file: str) -> float:
        """The Euclidean norm of all tensors of a checkpoint; computed once. Raises CheckpointError."""
        if file not in self._norms:
            tensors = checkpoints.load(self.path(file), framework="np").values()
            self._norms[file] = math.sqrt(sum(float(np.square(value, dtype=np.float64).sum()) for value in tensors))
        return self._norms[file]

    def sidecars(self) -> list[str]:
        """Files with a digest beside them."""
        found = sorted(self.path(self.files.run).rglob(f"*{SUFFIX}"))
        files = [str(path.relative_to(self.root)) for path in found]
        return [file.removesuffix(SUFFIX) for file in files if file != self.files.seal]
