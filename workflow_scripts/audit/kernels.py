"""The kernel view: local energies, kernel regression, wide networks and laziness, each against what it rests on."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from itertools import product

import numpy as np
import pandas as pd
import torch

from lib.data.points import drawn_rows, rows_of_classes, signs
from lib.files import local_energies, predictions, trajectories
from lib.files.trajectories import KINDS
from lib.kernels.localization import kept_by_energy
from lib.kernels.wide_networks import recorded_steps
from lib.reporting.kernel_regression import ZERO_SHOT
from workflow_scripts.audit.numbers import identity, rows_expected
from workflow_scripts.audit.run import Fault, Run
from workflow_scripts.reporting import regressions

_CLOSE = 1e-6
_KEYS = ["split", "shots", "method"]
_CHOSEN = ["regularization", "initial_scale", "learning_rate"]
_CLOSED_FORM = {"regularization": 0.0, "initial_scale": 1.0}


def energies(run: Run) -> Iterator[Fault]:
    """Local energies are of the images that the seed draws, kept by the configured cut-offs; their sum is the rank."""
    settings = run.bench.kernels.localization
    for where in run.bench.kernels.localized(run.bench.models):
        place = run.format(run.files.localization, **where)
        found = local_energies.read(run.path(place))
        told = {name: getattr(found, name) for name in ("model", "task", "control")}
        if told != where:
            yield Fault(place, f"says that it is of {told}")
        for task, drawn in ((found.task, found.rows_task), (found.control, found.rows_control)):
            expected = drawn_rows(len(run.index(task, "fit")["label"]), settings["points"], settings["seed"])
            if not np.array_equal(drawn, expected):
                yield Fault(place, f"its images of {task} are not those that seed {settings['seed']} draws")
        if found.cut_offs.tolist() != list(settings["cut_offs"]):
            yield Fault(place, f"has the cut-offs {found.cut_offs.tolist()}, expected {list(settings['cut_offs'])}")
        size = found.energy.shape[-1]
        for cut, cut_off in enumerate(found.cut_offs):
            kept = kept_by_energy(torch.from_numpy(found.values), float(cut_off), size=size).sum(-1).numpy()
            if not np.array_equal(found.rank[cut], kept):
                yield Fault(place, f"its singular values give other ranks at {cut_off:g}")
            energy = found.energy[cut]
            shares = ((energy > -_CLOSE) & (energy < 1 + _CLOSE)).all()
            if not (shares and np.allclose(energy.sum(-1), kept, atol=_CLOSE)):
                yield Fault(place, f"its energies at {cut_off:g} are no shares with the rank as their sum")


def regression(run: Run) -> Iterator[Fault]:
    """Every method has the candidate that is best on val, and the accuracy of its stored predictions."""
    settings = run.bench.kernels.regression_settings
    for where in run.bench.kernels.regressed(run.bench.pretrained):
        folder = run.format(run.files.regression, **where)
        places = {name: f"{folder}/{name}.csv" for name in ("tried", "tested")}
        tried, tested = (regressions.read_tested([str(run.path(place))]) for place in places.values())
        yield from rows_expected(places["tested"], tested, _KEYS, list(_expected_rows(settings)))
        yield from rows_expected(places["tried"], tried, [*_KEYS, *_CHOSEN], list(_candidates(settings)))
        for place, frame, n in zip(places.values(), (tried, tested), ("validation", "test"), strict=True):
            yield from identity(place, frame, where)
            part = "val" if n == "validation" else "test"
            drawn = min(settings[n], run.n(where["task"], part))
            if set(frame["n"]) != {drawn}:
                yield Fault(place, f"n is {sorted(set(frame['n']))}, the configuration draws {drawn}")
        yield from _choices(places["tested"], tried, tested)
        yield from _accuracies(run, f"{folder}/predictions.npz", places["tested"], tested, where)


def _expected_rows(settings: Mapping) -> Iterator[tuple]:
    yield 0, 0, ZERO_SHOT
    methods = [f"kernel-{name}" for name in settings["kernels"]]
    methods += ["closed-form"] * ("sgd" in settings["kernels"])
    methods += [f"tuning-{name}" for name in settings["finetune"]["learning_rates"]]
    yield from product(range(settings["splits"]), settings["shots"], methods)


def _candidates(settings: Mapping) -> Iterator[tuple]:
    """Of each split, number of shots and method, every combination of hyperparameters."""
    nothing = float("nan")
    for split, shots, method in _expected_rows(settings):
        if method.startswith("kernel-"):
            grid = product(settings["initial_scales"], settings["regularizations"])
            yield from ((split, shots, method, float(b), float(a), nothing) for a, b in grid)
        elif method.startswith("tuning-"):
            rates = settings["finetune"]["learning_rates"][method.removeprefix("tuning-")]
            yield from ((split, shots, method, nothing, nothing, float(rate)) for rate in rates)


def _choices(place: str, tried: pd.DataFrame, tested: pd.DataFrame) -> Iterator[Fault]:
    best = {key: rows.loc[rows["accuracy"].idxmax(), _CHOSEN] for key, rows in tried.groupby(_KEYS, sort=False)}
    for row in tested.to_dict("records"):
        limit = pd.Series(_CLOSED_FORM if row["method"] == "closed-form" else {}, index=_CHOSEN, dtype=float)
        expected = best.get(tuple(row[key] for key in _KEYS), limit)
        if not np.array_equal([row[name] for name in _CHOSEN], expected.to_numpy(float), equal_nan=True):
            yield Fault(place, f"{_cell(row)}: its hyperparameters are not the best of those tried")


def _accuracies(run: Run, stored: str, place: str, tested: pd.DataFrame, where: Mapping) -> Iterator[Fault]:
    settings, task = run.bench.kernels.regression_settings, where["task"]
    if predictions.read_identity(run.path(stored)) != where:
        yield Fault(stored, f"says that it is of {predictions.read_identity(run.path(stored))}")
    labels = run.index(task, "test")["label"]
    drawn = labels[drawn_rows(len(labels), settings["test"], settings["seed"])]
    shares = (predictions.read(run.path(stored))[task, "test"] == drawn).mean(1)
    for row, share in zip(tested.to_dict("records"), shares, strict=True):
        if not abs(row["accuracy"] - share) < 1e-9:
            yield Fault(place, f"{_cell(row)}: accuracy is {row['accuracy']}, {stored} gives {share}")


def _cell(row: Mapping[str, object]) -> str:
    return f"split {row['split']}, {row['shots']} shots, {row['method']}"


def networks(run: Run) -> Iterator[Fault]:
    """Trajectories are of the configured networks and images; network, linearization and closed form start alike, and
    the closed form is what its linearization came to.
    """
    if not run.bench.kernels.wide_networks:
        return
    settings, place = run.bench.kernels.network_settings, run.files.wide_networks
    task = run.bench.kernels.wide_networks["task"]
    found = trajectories.read(run.path(place))
    steps = recorded_steps(settings["steps"], settings["recorded"])
    expected = {"widths": settings["widths"], "seeds": settings["seeds"], "steps": steps}
    for name, values in expected.items():
        if getattr(found, name).tolist() != list(values):
            yield Fault(place, f"has the {name} {getattr(found, name).tolist()}, expected {list(values)}")
    parts = {"fit": (found.rows, found.y, "points"), "test": (found.rows_test, found.y_test, "test")}
    for part, (rows, y, count) in parts.items():
        labels = run.index(task, part)["label"]
        drawn = rows_of_classes(labels, settings["classes"], settings[count], settings["seeds"][0])
        targets = signs(labels[drawn], settings["classes"])
        if not (np.array_equal(rows, drawn) and np.array_equal(y, targets)):
            yield Fault(place, f"its images or targets of {part} are not those of {task} that its seed draws")
    for name in ("outputs", "outputs_test", "weights"):
        kinds = dict(zip(KINDS, np.moveaxis(getattr(found, name), 2, 0), strict=True))
        if not np.allclose(kinds["network"][:, :, 0], kinds["linearized"][:, :, 0], atol=1e-5):
            yield Fault(place, f"its {name} of network and linearization differ before training")
        if not np.allclose(kinds["closed form"], kinds["linearized"], atol=1e-3):
            yield Fault(place, f"its {name} of linearization and closed form differ")


def laziness(run: Run) -> Iterator[Fault]:
    """A row per task, with distances that can be, and the change of parameters that task vectors' norms give."""
    settings = run.bench.kernels.laziness
    for where in run.bench.diagnosed():
        place = run.format(run.files.laziness, **where)
        frame = run.frame(place)
        yield from rows_expected(place, frame, ["task"], [(task,) for task in run.bench.task_names])
        yield from identity(place, frame, where)
        scale = run.norm(run.format(run.files.theta_0, **where))
        for row in frame.to_dict("records"):
            drawn = min(settings["points"], run.n(row["task"], "val"))
            if row["n"] != drawn:
                yield Fault(place, f"{row['task']}: n is {row['n']}, the configuration draws {drawn}")
            if not (row["features"] >= 0 and -_CLOSE < row["kernel"] < 1 + _CLOSE):
                yield Fault(place, f"{row['task']}: features {row['features']} or kernel {row['kernel']} cannot be")
            moved = run.norm(run.format(run.files.tau, **where, task=row["task"])) / scale
            if not np.isclose(row["parameters"], moved, rtol=1e-5):
                yield Fault(place, f"{row['task']}: parameters is {row['parameters']}, the task vector gives {moved}")
