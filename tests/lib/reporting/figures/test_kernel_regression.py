"""The figure of kernel regression: each kernel against its own optimizer, a point per task and number of shots."""

import matplotlib.pyplot as plt
import pandas as pd
import pytest

from lib.reporting.figures.kernel_regression import kernel_against_tuning

ACCURACIES = {"zero-shot": 0.3, "kernel-sgd": 0.5, "kernel-a-signgd": 0.6, "tuning-sgd": 0.55, "tuning-adam": 0.7}


@pytest.fixture
def figure():
    rows = [
        {"task": task, "shots": shots, "method": method, "accuracy": value + 0.1 * (task == "B") + shots / 100}
        for task in "AB"
        for method, value in ACCURACIES.items()
        for shots in ([0] if method == "zero-shot" else [1, 4])
    ]
    yield kernel_against_tuning(pd.DataFrame(rows).assign(std=0.02), ["A", "B"])
    plt.close("all")


def test_points_are_the_accuracies_of_a_kernel_and_of_its_optimizer(figure):
    left, right = figure.axes
    assert [axis.get_title() for axis in figure.axes] == ["K SGD", "K A-SignGD"]
    assert left.get_xlabel() == "SGD fine-tuning (%)" and right.get_xlabel() == "Adam fine-tuning (%)"
    points = [tuple(float(value[0]) for value in one.lines[0].get_data()) for one in right.containers]
    assert [round(x) for x, _ in points] == [71, 74, 81, 84] and [round(y) for _, y in points] == [61, 64, 71, 74]
    assert [one.lines[0].get_markerfacecolor() == "white" for one in left.containers] == [True, False] * 2


def test_the_legend_names_tasks_and_shots(figure):
    assert [text.get_text() for text in figure.legends[0].texts] == ["A", "B", "1 shot", "4 shots"]
