"""Analogies: sweeps, choices and test accuracies, each against what it rests on."""

from __future__ import annotations

from collections.abc import Iterator

from lib.editing.coefficients import alpha_grid, choose_addition
from lib.reporting.labels import PRETRAINED
from workflow_scripts.audit.numbers import identity, rows_expected, sizes
from workflow_scripts.audit.run import Fault, Run


def measured(run: Run) -> Iterator[Fault]:
    """A row per alpha on d's validation images; alpha by its accuracy there; a row per start and number of shots."""
    alphas, shots = alpha_grid(**run.bench.evaluation["alphas"]), run.bench.analogies.shots
    for where in run.bench.analogous(run.bench.analogies.modes):
        folder, (*_, d) = run.format(run.files.analogy, **where), run.bench.analogies.by_name[where["quadruple"]]
        place = f"{folder}/sweep_val.csv"
        sweep = run.frame(place)
        yield from rows_expected(place, sweep, ["alpha", "task"], [(alpha, d) for alpha in alphas])
        yield from sizes(run, place, sweep, "val")
        yield from identity(place, sweep, where)
        place, told = f"{folder}/choice.json", run.json(f"{folder}/choice.json")
        choice = choose_addition(alphas, sweep.set_index("alpha")["accuracy"].loc[alphas].tolist())
        for key, value in {"alpha": choice.alpha, "accuracy_val": choice.score}.items():
            if told.get(key) != value:
                yield Fault(place, f"{key} is {told.get(key)}, the sweep gives {value}")
        starts = {PRETRAINED: 0.0, "analogy": choice.alpha}
        rows = {"test": [*((start, "0", alpha) for start, alpha in starts.items()), (PRETRAINED, "all", 0.0)]}
        if where["mode"] in run.bench.analogies.few_shot_modes:
            rows["few_shot"] = [(start, str(k), alpha) for start, alpha in starts.items() for k in shots]
        for name, expected in rows.items():
            place, frame = f"{folder}/{name}.csv", run.frame(f"{folder}/{name}.csv")
            yield from rows_expected(place, frame, ["start", "shots", "alpha"], expected)
            yield from identity(place, frame, {**where, "task": d})
            yield from sizes(run, place, frame, "test")
