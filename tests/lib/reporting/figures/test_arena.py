"""The arena's figure: it can be read, has a marker for every row of the table, and markers that differ."""

import matplotlib.pyplot as plt
import numpy as np
import pandas as pd
import pytest

from lib.reporting.figures.arena import arena
from lib.reporting.labels import rule_title
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


def test_rules_go_from_the_best_down_and_no_two_modes_look_alike():
    figure = arena(frame())
    above, below = figure.axes
    names = [tick.get_text() for tick in below.get_yticklabels()]
    assert names == [rule_title(rule) for rule in RULES]  # the frame's accuracies rise with the rule's number
    looks = {(line.get_color(), line.get_marker()) for line in above.lines if line.get_marker() != "None"}
    assert len(looks) == len(MODES)
    plt.close("all")


def test_every_row_of_the_frame_has_its_marker_in_both_panels():
    found = frame()
    above, below = arena(found).axes
    accuracies = sorted(100 * found["absolute"][1:])
    assert sorted(y for line in above.lines[: len(MODES)] for y in line.get_ydata()) == pytest.approx(accuracies)
    assert sorted(x for line in below.lines[: len(MODES)] for x in line.get_xdata()) == pytest.approx(accuracies)
    plt.close("all")
