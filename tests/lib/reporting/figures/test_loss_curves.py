"""Loss curves: means over steps, on an axis that fits their sign."""

import matplotlib.pyplot as plt
import pandas as pd
import pytest

from lib.reporting.figures.loss_curves import loss_curves


def log(losses, *, mode="standard", task="A"):
    rows = [(mode, task, step, loss) for step, loss in enumerate(losses, start=1)]
    return pd.DataFrame(rows, columns=["mode", "task", "step", "loss"])


def points(axes, label):
    (line,) = [line for line in axes.lines if line.get_label() == label]
    return list(line.get_xdata()), list(line.get_ydata())


@pytest.mark.parametrize(
    ("every", "steps", "means"),
    [
        (1, [1, 2, 3, 4, 5], [5, 3, 4, 2, 9]),
        (2, [2, 4, 5], [4, 3, 9]),  # the last mean is of what is left
        (10, [5], [4.6]),
    ],
)
def test_a_point_is_the_mean_of_the_steps_up_to_it(every, steps, means):
    axes = loss_curves(log([5, 3, 4, 2, 9]), ["standard"], ["A"], every=every).axes[0]
    found = points(axes, "A")
    assert found[0] == steps and found[1] == pytest.approx(means)
    plt.close("all")


def test_a_panel_per_mode_and_a_line_per_task():
    rows = pd.concat([log([1, 2], mode=m, task=t) for m in ("standard", "linear") for t in ("A", "B")])
    figure = loss_curves(rows, ["standard", "linear"], ["A", "B"], every=1)
    assert [axes.get_title() for axes in figure.axes] == ["Non-linear FT", "Linear FT"]
    assert all([line.get_label() for line in axes.lines] == ["A", "B"] for axes in figure.axes)
    plt.close("all")


def test_an_imported_checkpoint_has_no_line_to_show():
    axes = loss_curves(log([1, 2], task="A"), ["standard"], ["A", "B"], every=1).axes[0]
    assert points(axes, "B") == ([], [])
    plt.close("all")


@pytest.mark.parametrize(("losses", "scale"), [([2.0, 1.0], "log"), ([-1.0, -2.0], "linear"), ([0.5, -0.5], "linear")])
def test_the_axis_is_logarithmic_unless_a_loss_is_negative(losses, scale):
    assert loss_curves(log(losses), ["standard"], ["A"], every=1).axes[0].get_yscale() == scale
    plt.close("all")
