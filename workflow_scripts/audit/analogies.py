"""Analogies: sweeps, choices and test accuracies, each against what it rests on."""

from __future__ import annotations

from collections.abc import Iterator

from lib.editing.coefficients import alpha_grid, choose_addition
from lib.reporting.labels import PRETRAINED
from workflow_scripts.audit.numbers import identity, rows_expected, sizes
from workflow_scripts.audit.run import Fault, Run


def sweeps(run: Run) -> Iterator[Fault]:
    """Every sweep has a row for each alpha, on the validation images of d."""
    for where, folder, d in _analogies(run):
        place = f"{folder}/sweep_val.csv"
        frame = run.frame(place)
        yield from rows_expected(place, frame, ["alpha", "task"], [(alpha, d) for alpha in _alphas(run)])
        yield from sizes(run, place, frame, "val")
        yield from identity(place, frame, where)


def choices(run: Run) -> Iterator[Fault]:
    """Every alpha is the one that its sweep chooses, with the accuracy that it has there."""
    for _, folder, _ in _analogies(run):
        place, sweep = f"{folder}/choice.json", run.frame(f"{folder}/sweep_val.csv").set_index("alpha")["accuracy"]
        choice, told = choose_addition(_alphas(run), sweep.loc[_alphas(run)].tolist()), run.json(place)
        for key, value in {"alpha": choice.alpha, "accuracy_val": choice.score}.items():
            if told.get(key) != value:
                yield Fault(place, f"{key} is {told.get(key)}, the sweep gives {value}")


def tested(run: Run) -> Iterator[Fault]:
    """A row for each start and number of images of d that it was fine-tuned on, at the chosen alpha."""
    for where, folder, d in _analogies(run):
        starts = {PRETRAINED: 0.0, "analogy": run.json(f"{folder}/choice.json")["alpha"]}
        rows = {"test": [*((start, "0", alpha) for start, alpha in starts.items()), (PRETRAINED, "all", 0.0)]}
        if where["mode"] in run.bench.analogies.few_shot_modes:
            shots = run.bench.analogies.shots
            rows["few_shot"] = [(start, str(k), alpha) for start, alpha in starts.items() for k in shots]
        for name, expected in rows.items():
            place, frame = f"{folder}/{name}.csv", run.frame(f"{folder}/{name}.csv")
            yield from rows_expected(place, frame, ["start", "shots", "alpha"], expected)
            yield from identity(place, frame, {**where, "task": d})
            yield from sizes(run, place, frame, "test")


def _analogies(run: Run) -> Iterator[tuple[dict[str, object], str, str]]:
    """Model, seed, mode and quadruple of each, its folder, its task d."""
    for where in run.bench.analogous(run.bench.analogies.modes):
        yield where, run.format(run.files.analogy, **where), run.bench.analogies.by_name[where["quadruple"]][3]


def _alphas(run: Run) -> list[float]:
    return alpha_grid(**run.bench.evaluation["alphas"])
