"""The arena's numbers by hand, its table, and that one normalisation needs standard fine-tuning in the run."""

import numpy as np
import pandas as pd
import pytest

from lib.reporting import intervals
from lib.reporting.arena import MEASURED, arena, arena_table, measured
from lib.reporting.bootstrap import Bootstrap
from lib.reporting.resamples import Key, Outcomes, Resampled, Who

TASKS, N = ["a", "b"], 100
ZERO_SHOT, ADDED = {"a": 0.4, "b": 0.5}, {"a": 0.6, "b": 0.7}
SINGLE = {"standard": {"a": 0.8, "b": 1.0}, "linear": {"a": 0.6, "b": 0.75}}


def outcomes(evaluation, mode, rule, accuracies, seed=0):
    seed = None if mode == "pretrained" else seed
    return [
        Outcomes(Key(evaluation, "m", seed, mode, rule, task), task, np.arange(N) < round(N * value))
        for task, value in accuracies.items()
    ]


def resampled(modes=("standard", "linear")):
    found = outcomes("zero_shot", "pretrained", None, ZERO_SHOT)
    for mode in modes:
        found += outcomes("single_task", mode, None, SINGLE[mode])
        found += outcomes("addition", mode, "sum", ADDED) + outcomes("addition", mode, "other", SINGLE[mode])
    found += outcomes("target", "linear", None, {"a": 0.1, "b": 0.2})
    found += outcomes("control", "linear", None, {"a": 0.5, "b": 0.6})
    return Resampled.of(found, Bootstrap(100, 0))


def table(modes=("standard", "linear")):
    rows = [("m", 0, mode, rule, alpha) for mode in modes for rule, alpha in (("sum", 0.3), ("other", 1.0))]
    chosen = pd.DataFrame(rows, columns=["model", "seed", "mode", "rule", "alpha"])
    reads = {mode: {"sum": "nothing", "other": "validation labels"} for mode in modes}
    return arena(resampled(modes), chosen, TASKS, reads=reads, costs={"m": {"standard": 1.0, "linear": 5 / 3}})


def test_every_column_by_hand():
    values = {name: samples[0] for name, samples in measured(resampled(), Who("m", 0, "linear"), "sum", TASKS).items()}
    assert values["absolute"] == pytest.approx(0.65)
    assert values["normalized"] == pytest.approx((0.6 / 0.6 + 0.7 / 0.75) / 2)
    assert values["single"] == pytest.approx(0.675)
    assert values["normalized_standard"] == pytest.approx((0.6 / 0.8 + 0.7 / 1.0) / 2)
    assert values["nai"] == pytest.approx((0.2 / 0.2 + 0.2 / 0.25) / 2)


def test_the_single_task_models_themselves_are_all_of_the_way():
    """Accuracy equal to the single-task models' gives 1 in every resample, so the interval is a point."""
    frame = table().set_index(["mode", "rule"])
    row = frame.loc[("standard", "other")]
    for name in ("normalized", "normalized_standard", "nai"):
        assert [row[name], row[f"{name}_low"], row[f"{name}_high"]] == pytest.approx([1, 1, 1])


def test_negation_stands_in_the_row_of_the_sum_of_a_mode_that_was_negated():
    frame = table().set_index(["mode", "rule"])[["target", "control"]]
    assert list(frame.loc[("linear", "sum")]) == pytest.approx([0.15, 0.55])
    assert frame.drop(("linear", "sum")).isna().all(axis=None)


def test_the_pretrained_model_comes_first_and_has_an_accuracy_alone():
    first = table().iloc[0]
    assert first["mode"] == "pretrained" and first["absolute"] == pytest.approx(0.45) and first["n"] == 2 * N
    assert first[["normalized", "single", "nai", "alpha", "cost"]].isna().all()


def test_without_standard_fine_tuning_its_column_is_empty():
    frame = table(["linear"])
    assert frame["normalized_standard"].isna().all() and frame["normalized"].notna().sum() == 2


def test_a_single_task_model_as_good_as_zero_shot_leaves_no_way_to_go():
    found = outcomes("zero_shot", "pretrained", None, ZERO_SHOT) + outcomes("addition", "linear", "sum", ADDED)
    found += outcomes("single_task", "linear", None, ZERO_SHOT)
    values = measured(Resampled.of(found, Bootstrap(10, 0)), Who("m", 0, "linear"), "sum", TASKS)
    assert np.isnan(values["nai"]).all() and np.isfinite(values["normalized"][0])


def test_the_printed_table():
    lines = arena_table(table()).markdown().splitlines()
    row = next(line for line in lines if line.startswith("| Linear FT, sum"))
    cells = [cell.strip() for cell in row.strip("|").split("|")]
    numbers = ["65.0", "96.7", "67.5", "72.5", "90.0", "15.0", "55.0", "0.30", "1.67"]
    assert cells == ["Linear FT, sum", "nothing", *numbers]
    assert next(line for line in lines if line.startswith("| Pre-trained")).count(" - ") == 9
    assert 0 < intervals.widest(table()) < 0.2 and set(MEASURED) < set(table())


def test_seeds_are_averaged_in_the_printed_table():
    frame = table()
    other = frame.assign(seed=frame["seed"] + 1, absolute=frame["absolute"] + 0.02, alpha=frame["alpha"] + 0.1)
    both = pd.concat([frame, other[other["mode"] != "pretrained"]], ignore_index=True)
    row = next(line for line in arena_table(both).markdown().splitlines() if line.startswith("| Linear FT, sum"))
    assert "66.0 ± 1.4" in row and "0.35 ± 0.07" in row and "1.67 |" in row
