"""The deep part of an audit: a sample of task vectors and of evaluations, computed again from weights."""

from __future__ import annotations

import random
import tempfile
from collections.abc import Iterator
from importlib import import_module
from pathlib import Path

import numpy as np
import pandas as pd

from lib.files import checkpoints
from lib.threads import use_threads
from workflow_scripts.audit.run import Fault, Run
from workflow_scripts.configuration import resolution
from workflow_scripts.editing import similarity, single_task
from workflow_scripts.editing.evaluation import Evaluation
from workflow_scripts.job import adapter

SAMPLE = 5


def task_vectors(run: Run, *, sample: int = SAMPLE) -> Iterator[Fault]:
    """tau = theta - theta_0, to the bit, and finite, of a seeded sample of training runs."""
    trained = [job for job in run.jobs if job.rule == "task_vector"]
    for job in _sample(trained, sample):
        files = {name: run.format(getattr(run.files, name), **job.wildcards) for name in ("tau", "theta", "theta_0")}
        tau, theta, theta_0 = (checkpoints.load(run.path(file), framework="np") for file in files.values())
        wrong = [name for name in theta_0 if not np.array_equal(tau.get(name), theta[name] - theta_0[name])]
        if wrong or tau.keys() != theta_0.keys():
            yield Fault(files["tau"], f"is not theta - theta_0 in {len(wrong)} parameters ({', '.join(wrong[:3])})")


def evaluations(run: Run, *, sample: int = 1) -> Iterator[Fault]:
    """The single-task accuracies of a seeded sample of (model, seed, mode), counted again."""
    for where in _sample(run.bench.evaluated("single_task"), sample):
        patterns = (run.files.single_task, run.files.single_task_predictions)
        places = [run.format(pattern, **where) for pattern in patterns]
        with tempfile.TemporaryDirectory() as made:
            again = [Path(made, "single_task.csv"), Path(made, "predictions.npz")]
            single_task.main(_evaluation(run, where), _taus(run, where), *map(str, again), identity=where)
            for place, file in zip(places, again, strict=True):
                if file.read_bytes() != run.path(place).read_bytes():
                    yield Fault(place, "is not what the weights give on this machine, counted again")


def similarities(run: Run, *, sample: int = SAMPLE) -> Iterator[Fault]:
    """The cosines and norms of a seeded sample of (model, seed, mode), from the task vectors."""
    for where in _sample(run.bench.trained(run.bench.pretrained), sample):
        places = [run.format(pattern, **where) for pattern in (run.files.similarity, run.files.norms)]
        taus = {task: run.path(run.format(run.files.tau, **where, task=task)) for task in run.bench.task_names}
        with tempfile.TemporaryDirectory() as made:
            again = [Path(made, Path(place).name) for place in places]
            similarity.main(taus, *again, identity=where)
            for place, file in zip(places, again, strict=True):
                if not _close(run.path(place), file):
                    yield Fault(place, "is not what the task vectors give")


def _close(one: Path, other: Path) -> bool:
    """Whether two csv files have the same text, and numbers that differ by rounding alone."""
    frames = [pd.read_csv(path, keep_default_na=False) for path in (one, other)]
    try:
        pd.testing.assert_frame_equal(*frames, rtol=1e-9, atol=1e-12)
    except AssertionError:
        return False
    return True


def _evaluation(run: Run, where: dict[str, object]) -> Evaluation:
    bench, model = run.bench, run.bench.model(where["model"])
    use_threads(1)
    device, parts = adapter.device(bench.device), resolution.evaluation(where["mode"])
    heads = {task: run.path(run.format(run.files.head, **where, task=task)) for task in bench.task_names}
    theta_0 = checkpoints.load(run.path(run.format(run.files.theta_0, **where)))
    return Evaluation(
        encoder=import_module(parts["encoder"]).image_encoder(resolution.image_architecture(model)),
        edited=import_module(parts["predictions"]),
        theta_0={name: value.to(device) for name, value in theta_0.items()},
        data={task: run.path(run.format(run.files.data, task=task)) for task in bench.task_names},
        heads={task: checkpoints.load(file)["weight"].to(device) for task, file in heads.items()},
        batch_size=bench.evaluation["batch_size"],
        precision=bench.evaluation["precision"],
        deterministic=bench.deterministic,
        device=device,
    )


def _taus(run: Run, where: dict[str, object]) -> dict[str, Path]:
    from lib.training import modes

    owner = {**where, "mode": modes.get(where["mode"]).vectors_of}
    return {task: run.path(run.format(run.files.tau, **owner, task=task)) for task in run.bench.task_names}


def _sample(population: list, count: int) -> list:
    return random.Random(0).sample(population, min(count, len(population)))
