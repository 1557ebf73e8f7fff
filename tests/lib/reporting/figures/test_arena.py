"""The arena's figure: names that keep apart, columns in the order of cost, markers that differ."""

import matplotlib.pyplot as plt
import numpy as np
import pandas as pd
import pytest

from lib.reporting.figures.arena import apart, arena
from tests.lib.reporting.figures.legibility import faults

MODES = {
    "standard": 1.0, "posthoc": 1.0, "linear": 1.67, "linear-2": 0.78, "linear-tak": 1.67, "linear-taujp": 1.88,
    "standard-talos": 1.0, "linear-orthoreg": 1.67,
}  # fmt: skip
RULES = ["sum", "mean", "ties", "dare-ties", "breadcrumbs", "lines", "consensus", "tsv-m", "iso-cts", "wudi"]


def frame(modes=MODES, rules=RULES, spread=0.02, models=("m",)):
    rows = [(model, "pretrained", None, np.nan, 0.6) for model in models]
    rows += [
        (model, mode, rule, cost, 0.7 + spread * i / 10 + 0.005 * j)
        for model in models for j, (mode, cost) in enumerate(modes.items()) for i, rule in enumerate(rules)
    ]  # fmt: skip
    return pd.DataFrame(rows, columns=["model", "mode", "rule", "cost", "absolute"])


@pytest.mark.parametrize(
    "found",
    [
        frame(),
        frame(spread=0.0),
        frame(spread=0.4),
        frame(models=("m", "other")),
        frame(modes={"standard": 1.0}, rules=["sum"]),
        frame(rules=[*RULES, "adamerging-tensors-transductive"]),
    ],
    ids=["eight modes, ten rules", "all rules alike", "rules far apart", "two models", "one of each", "a long name"],
)
def test_it_can_be_read_in_print(found):
    assert not faults(arena(found))
    plt.close("all")


def test_columns_go_from_the_cheapest_on_and_no_two_modes_look_alike():
    figure = arena(frame())
    above, *below = figure.axes
    names = [tick.get_text() for axis in below for tick in axis.get_xticklabels()]
    assert len(names) == len(MODES) and names[0] == "Linear layers FT\n0.78" and names[-1] == "Linear FT + tau-Jp\n1.88"
    looks = {(line.get_color(), line.get_marker()) for line in above.lines if line.get_marker() != "None"}
    assert len(looks) == len(MODES)
    plt.close("all")


def test_numbers_that_are_apart_stay_and_others_move_alike():
    assert apart(np.array([0.0, 2.0, 5.0]), 1.0).tolist() == [0, 2, 5]
    assert apart(np.array([1.0, 1.0]), 1.0).tolist() == [0.5, 1.5]
    found = apart(np.sort(np.random.default_rng(0).random(12)), 0.2)
    assert np.diff(found).min() > 0.2 - 1e-12
