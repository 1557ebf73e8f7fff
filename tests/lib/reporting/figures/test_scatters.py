"""Scatters of single-task accuracies: points in percent, and markers that can be told apart."""

import matplotlib.pyplot as plt
import pandas as pd
import pytest

from lib.reporting.figures.scatters import single_task_scatter

TASKS = ["Cars", "DTD"]


@pytest.mark.parametrize("models", [["ViT-B-32"], ["ViT-B-32", "ViT-L-14"]])
def test_a_scatter_of_several_models_says_which_marker_is_which(models):
    keys = [(model, mode, task, "test", 0.7) for model in models for mode in ("standard", "linear") for task in TASKS]
    frame = pd.DataFrame(keys, columns=["model", "mode", "task", "split", "accuracy"])
    figure = single_task_scatter(frame, "linear", tasks=TASKS)
    (axes,), (legend,) = figure.axes, figure.legends
    texts = [text.get_text() for text in legend.get_texts()]
    assert texts == (TASKS if len(models) == 1 else [*TASKS, *models])
    drawn = {line.get_marker() for line in axes.lines if line.get_marker() != "None" and len(line.get_xdata())}
    assert len(drawn) == len(models)
    plt.close("all")


def test_a_point_is_non_linear_fine_tuning_against_the_other_mode_on_test():
    frame = pd.DataFrame(
        [
            ("m", "standard", "Cars", "test", 0.6),
            ("m", "linear", "Cars", "test", 0.5),
            ("m", "standard", "Cars", "val", 0.1),
            ("m", "linear", "Cars", "val", 0.2),
            ("m", "posthoc", "Cars", "test", 0.3),
        ],
        columns=["model", "mode", "task", "split", "accuracy"],
    )
    axes = single_task_scatter(frame, "linear", tasks=["Cars"]).axes[0]
    (point,) = [line for line in axes.lines if line.get_marker() != "None"]
    assert (*point.get_xdata(), *point.get_ydata()) == (60, 50)
    assert axes.get_xlabel() == "Non-linear FT, test accuracy (%)"
    assert axes.get_ylabel() == "Linear FT, test accuracy (%)"
    plt.close("all")
