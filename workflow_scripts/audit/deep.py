"""The deep part of an audit: a sample of task vectors and of evaluations, computed again from weights."""

from __future__ import annotations

import random
import tempfile
from collections.abc import Callable, Iterator, Mapping, Sequence
from pathlib import Path

import numpy as np
import pandas as pd

from lib.editing.coefficients import alpha_grid
from lib.editing.merging_rules import RULES
from lib.files import checkpoints
from lib.threads import use_threads
from lib.training import modes
from workflow_scripts.audit.run import Fault, Run
from workflow_scripts.configuration import resolution
from workflow_scripts.editing import addition, coefficients, negation, similarity, single_task
from workflow_scripts.editing.evaluation import Evaluation
from workflow_scripts.job import adapter
from workflow_scripts.kernels import drift
from workflow_scripts.kernels.tower import Tower
from workflow_scripts.models import zero_shot

SAMPLE = 5
Where = Mapping[str, object]


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
    """What a seeded sample of the evaluations of each rule wrote, written again from weights, equal to the byte."""
    use_threads(1)
    for rule, again in _AGAIN.items():
        for job in _sample([job for job in run.jobs if job.rule == rule], sample):
            where = {name: int(value) if name == "seed" else value for name, value in job.wildcards.items()}
            with tempfile.TemporaryDirectory() as made:
                place = again(run, where, Path(made))
                for file in sorted(Path(made).iterdir()):
                    if file.read_bytes() != run.path(f"{place}/{file.name}").read_bytes():
                        yield Fault(f"{place}/{file.name}", "is not what the weights give on this machine")


def similarities(run: Run, *, sample: int = SAMPLE) -> Iterator[Fault]:
    """The cosines and norms of a seeded sample of (model, seed, mode), from the task vectors."""
    for where in _sample(run.bench.compared(), sample):
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


def _zero_shot(run: Run, where: Where, made: Path) -> str:
    evaluation = _evaluation(run, {**where, "mode": "standard"}, [task.name for task in run.tasks])
    names, folder = _names(run, where, run.files.pretrained_accuracy, run.files.pretrained_predictions)
    zero_shot.main(evaluation, *(str(made / name) for name in names), model=where["model"])
    return folder


def _single_task(run: Run, where: Where, made: Path) -> str:
    names, folder = _names(run, where, run.files.single_task, run.files.single_task_predictions)
    files = (str(made / name) for name in names)
    single_task.main(_evaluation(run, where, run.bench.task_names), _taus(run, where), *files, identity=where)
    return folder


def _addition(run: Run, where: Where, made: Path) -> str:
    model = run.bench.model(where["model"])
    merged_by, tasks = resolution.merging(run.bench, where["merging"]), run.bench.task_names
    read = {kind: run.files.of_a_task(kind)[0] for kind in RULES[where["merging"]].statistics}
    addition.main(
        _evaluation(run, where, tasks),
        _taus(run, where),
        run.path(run.format(run.files.single_task, **where)),
        made,
        rule=merged_by["module"],
        settings=merged_by["settings"],
        statistics={kind: _of_each(run, where, file, tasks) for kind, file in read.items()},
        alphas=merged_by["alphas"],
        random_init=model.image_tower is not None,
        identity=_by_rule(where),
    )
    return run.format(run.files.addition, **where)


def _negation(run: Run, where: Where, made: Path) -> str:
    bench, task = run.bench, where["task"]
    negation.main(
        _evaluation(run, where, [task, bench.control.name]),
        _taus(run, where)[task],
        made,
        task=task,
        control=bench.control.name,
        alphas=alpha_grid(**bench.evaluation["alphas"]),
        control_floor=bench.evaluation["control_floor"],
        forgetting=modes.get(where["mode"]).forgetting,
        identity={key: value for key, value in where.items() if key != "task"},
    )
    return run.format(run.files.negation, **where)


def _coefficients(run: Run, where: Where, made: Path) -> str:
    (name,), folder = _names(run, where, run.files.coefficients)
    coefficients.main(
        _evaluation(run, where, run.bench.task_names),
        _taus(run, where),
        made / name,
        **resolution.learned(run.bench, where["mode"], where["merging"]),
        identity=_by_rule(where),
    )
    return folder


def _drift(run: Run, where: Where, made: Path) -> str:
    bench, settings = run.bench, resolution.drift(run.bench)
    drift.main(
        Tower.of(
            run.path(run.format(run.files.theta_0, **where)),
            encoder=settings["encoder"],
            architecture=resolution.image_architecture(bench.model(where["model"])),
            device=adapter.device(bench.device),
        ),
        _taus(run, where),
        _of_each(run, where, run.files.curvature, settings["tasks"]),
        _of_each(run, where, run.files.data, settings["tasks"]),
        made / "pairs.csv",
        made / "images.npz",
        **settings["drawn"],
        identity=where,
    )
    return run.format(run.files.drift, **where)


_AGAIN: dict[str, Callable[[Run, Where, Path], str]] = {  # rule -> writes its files to a folder; that of the run's
    "zero_shot": _zero_shot,
    "single_task": _single_task,
    "addition": _addition,
    "negation": _negation,
    "coefficients": _coefficients,
    "drift": _drift,
}


def _names(run: Run, where: Where, *patterns: str) -> tuple[list[str], str]:
    """The names of files of one folder of the run, and that folder."""
    places = [Path(run.format(pattern, **where)) for pattern in patterns]
    return [place.name for place in places], str(places[0].parent)


def _evaluation(run: Run, where: Where, tasks: Sequence[str]) -> Evaluation:
    bench = run.bench
    return Evaluation.of(
        run.path(run.format(run.files.theta_0, **where)),
        _of_each(run, where, run.files.head, tasks),
        _of_each(run, where, run.files.data, tasks),
        model=resolution.evaluation(where["mode"], bench.kind),
        architecture=resolution.image_architecture(bench.model(where["model"])),
        evaluation=resolution.evaluating(bench),
        device=adapter.device(bench.device),
    )


def _taus(run: Run, where: Where) -> dict[str, Path]:
    owner = {"model": where["model"], "seed": where["seed"], "mode": modes.get(where["mode"]).vectors_of}
    return _of_each(run, owner, run.files.tau, run.bench.task_names)


def _of_each(run: Run, where: Where, pattern: str, tasks: Sequence[str]) -> dict[str, Path]:
    """A file of every task."""
    return {task: run.path(run.format(pattern, **{**where, "task": task})) for task in tasks}


def _by_rule(where: Where) -> dict[str, object]:
    """What identifies rows of a merging rule: its name stands under `rule` in them."""
    return {("rule" if key == "merging" else key): value for key, value in where.items()}


def _sample(population: list, count: int) -> list:
    return random.Random(0).sample(population, min(count, len(population)))
