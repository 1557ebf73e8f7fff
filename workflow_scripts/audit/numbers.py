"""Numbers from numbers: sweeps, choices and test accuracies, each recomputed from what it rests on."""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence

import numpy as np
import pandas as pd

from lib.editing.coefficients import (
    alpha_grid,
    choose_addition,
    choose_negation,
    normalized_accuracy,
    normalized_accuracy_where_learnt,
)
from lib.reporting.labels import RANDOM_VECTOR
from workflow_scripts.audit.run import Fault, Run
from workflow_scripts.configuration import resolution
from workflow_scripts.reporting import frames


def rows_expected(place: str, frame: pd.DataFrame, keys: Sequence[str], expected: Sequence[tuple]) -> Iterator[Fault]:
    """The rows are those expected, each once."""
    found = [tuple(row) for row in frame[list(keys)].itertuples(index=False)]
    if sorted(map(str, found)) != sorted(map(str, expected)):
        yield Fault(place, f"has {len(found)} rows by {', '.join(keys)}, expected these {len(expected)}, each once")


def sizes(run: Run, place: str, frame: pd.DataFrame, split: str | None) -> Iterator[Fault]:
    """n is the size of the split. split: that of all rows, None where each says its own."""
    for row in frame.to_dict("records"):
        n = run.n(row["task"], split or row["split"])
        if row["n"] != n:
            yield Fault(place, f"{row['task']}: n is {row['n']}, the split has {n} images")


def identity(place: str, frame: pd.DataFrame, where: dict[str, object]) -> Iterator[Fault]:
    """The rows say that they are whose they are."""
    for name, value in where.items():
        if name not in frame or set(frame[name]) != {value}:
            yield Fault(place, f"the column {name} is not {value} throughout")


def single_tasks(run: Run) -> Iterator[Fault]:
    """Accuracies of the pre-trained and of each task's own model: a row for each task and split, with its size."""
    for model in run.bench.models:
        place = run.format(run.files.pretrained_accuracy, model=model.name)
        frame = run.frame(place)
        expected = [(task.name, split) for task in run.tasks for split in ("val", "test")]
        yield from rows_expected(place, frame, ["task", "split"], expected)
        yield from sizes(run, place, frame, None)
    for where in run.bench.evaluated("single_task"):
        place = run.format(run.files.single_task, **where)
        frame = run.frame(place)
        yield from rows_expected(
            place, frame, ["task", "split"], [(t, s) for t in run.bench.task_names for s in ("val", "test")]
        )
        yield from sizes(run, place, frame, None)
        yield from identity(place, frame, where)


def sweeps(run: Run) -> Iterator[Fault]:
    """Every sweep has a row for each alpha and task, with the number of validation images."""
    for where, folder, alphas, tasks in edits(run):
        place = f"{folder}/sweep_val.csv"
        frame = run.frame(place)
        yield from rows_expected(place, frame, ["alpha", "task"], [(alpha, task) for alpha in alphas for task in tasks])
        yield from sizes(run, place, frame, "val")
        yield from identity(place, frame, {key: where[key] for key in ("model", "seed", "mode")})


def choices(run: Run) -> Iterator[Fault]:
    """Every alpha is the one that its sweep chooses, with the scores that the sweep gives."""
    for where, folder, alphas, tasks in edits(run):
        place, frame = f"{folder}/choice.json", run.frame(f"{folder}/sweep_val.csv")
        told = run.json(place)
        table = frame.pivot(index="alpha", columns="task", values="accuracy").loc[list(alphas), list(tasks)]
        if "merging" in where:
            single = run.frame(run.format(run.files.single_task, **where))
            val = single[single["split"] == "val"].set_index("task")["accuracy"].to_dict()
            random = run.bench.model(where["model"]).image_tower is not None
            normalized = normalized_accuracy_where_learnt if random else normalized_accuracy
            scores = [normalized(row.to_dict(), val) for _, row in table.iterrows()]
            choice = choose_addition(alphas, scores)
            expected = {"alpha": choice.alpha, "normalized_val": choice.score, "scores": scores}
        else:
            task, control = tasks
            before = told.get("control_pretrained_val")
            if 0 in alphas:
                before = table.loc[0, control]
            floor = run.bench.evaluation["control_floor"]
            choice = choose_negation(
                alphas, table[task].tolist(), table[control].tolist(), control_pretrained=before, floor=floor
            )
            expected = {
                "alpha": choice.alpha, "target_val": choice.score, "control_pretrained_val": before, "floor": floor
            }  # fmt: skip
        for key, value in expected.items():
            if key not in told or not np.allclose(told[key], value, rtol=0, atol=1e-12):
                yield Fault(place, f"{key} is {_short(told.get(key))}, the sweep gives {_short(value)}")


def tested(run: Run) -> Iterator[Fault]:
    """Test accuracies are at the chosen alpha, with the number of test images; normalized by the single-task ones."""
    for where, folder, _, tasks in edits(run):
        place, frame = f"{folder}/test.csv", run.frame(f"{folder}/test.csv")
        alpha = run.json(f"{folder}/choice.json")["alpha"]
        if "method" in where:
            yield from _controls(run, place, frame, where, alpha)
            continue
        yield from identity(place, frame, {**{key: where[key] for key in ("model", "seed", "mode")}, "alpha": alpha})
        if "merging" in where:
            yield from rows_expected(place, frame, ["task"], [(task,) for task in tasks])
            yield from sizes(run, place, frame, "test")
            single = run.frame(run.format(run.files.single_task, **where))
            known = single[single["split"] == "test"].set_index("task")["accuracy"]
            for row in frame.to_dict("records"):
                own, told = known[row["task"]], row["normalized"]
                if not (math.isclose(told, row["accuracy"] / own, abs_tol=1e-12) if own else math.isnan(told)):
                    yield Fault(place, f"{row['task']}: normalized is {told}, expected accuracy / single-task")
        else:
            yield from rows_expected(place, frame, ["task"], [(tasks[0],)])


def _controls(run: Run, place: str, frame: pd.DataFrame, where: dict[str, object], alpha: float) -> Iterator[Fault]:
    """Controls of negation: each once, with the mode that trained it; of them the random vector alone has an alpha."""
    modes = resolution.negation_controls(run.bench)
    expected = [(mode, method, where["task"], 1.0) for method, mode in modes.items()]
    expected.append((where["mode"], where["method"], where["task"], alpha))
    yield from rows_expected(place, frame, ["mode", "method", "task", "alpha"], expected)
    yield from identity(place, frame, {key: where[key] for key in ("model", "seed")})


def grids(run: Run) -> Iterator[Fault]:
    """Every heatmap's grid is of its pair, model, seed and mode, at the configured alphas, with shares in [0, 1]."""
    alphas = alpha_grid(**run.bench.disentanglement["alphas"])
    for where in run.bench.evaluated("disentanglement"):
        for pair in run.bench.pairs:
            place = run.format(run.files.disentanglement, **where, pair=pair)
            with np.load(run.path(place), allow_pickle=False) as file:
                arrays = {name: file[name] for name in file.files}
            told = {"model": str(arrays["model"]), "seed": int(arrays["seed"]), "mode": str(arrays["mode"])}
            if told != where or "--".join(arrays["pair"].tolist()) != pair:
                yield Fault(place, f"says that it is of {told} and {arrays['pair'].tolist()}")
            if arrays["alphas"].tolist() != alphas:
                yield Fault(place, "its alphas are not the configured ones")
            for name, greatest in frames.GREATEST.items():
                values = arrays[name]
                if values.shape != (len(alphas),) * 2 or not ((values >= 0) & (values <= greatest)).all():
                    yield Fault(place, f"{name} is not a square of numbers in [0, {greatest}]")


def edits(run: Run) -> Iterator[tuple[dict[str, object], str, list[float], list[str]]]:
    """Every sweep of alpha but those of analogies: whose it is, its folder, its alphas, its tasks."""
    for where in run.bench.additions():
        alphas = resolution.merging(run.bench, where["merging"])["alphas"]
        yield where, run.format(run.files.addition, **where), alphas, run.bench.task_names
    alphas = alpha_grid(**run.bench.evaluation["alphas"])
    for where in run.bench.evaluated("negation"):
        for task in run.bench.task_names:
            of_task = {**where, "task": task}
            yield of_task, run.format(run.files.negation, **of_task), alphas, [task, run.bench.control.name]
    for where in run.bench.controls_of_negation():
        folder, tasks = run.format(run.files.negation_controls, **where), [where["task"], run.bench.control.name]
        yield {**where, "method": RANDOM_VECTOR}, folder, alphas, tasks


def _short(value: object) -> str:
    text = str(value)
    return text if len(text) < 60 else f"{text[:57]}..."
