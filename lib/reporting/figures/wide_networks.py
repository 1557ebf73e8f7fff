"""Wide networks against their linearization and its closed form (Lee et al. 2019, Fig. 3)."""

from __future__ import annotations

import matplotlib.pyplot as plt
import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from lib.files.trajectories import KINDS, Trajectories
from lib.reporting.figures.style import COLUMN, PAGE, STYLE, legend_below
from lib.reporting.power_law import PowerLaw
from lib.reporting.wide_networks import losses

_COLOURS = ("#0072B2", "#D55E00", "#009E73")  # of Okabe and Ito's
_LINES = {"network": "-", "linearized": "--", "closed form": ":"}
_SHOWN = 3  # outputs and weights


def against_width(frame: pd.DataFrame, law: PowerLaw) -> Figure:
    """Root mean square difference from the linearization against width, both logarithmic, with the fit.

    frame: rows of `lib.reporting.wide_networks.differences`; a dot is a seed, a square the mean over seeds.
    """
    with plt.rc_context(STYLE):
        figure, axis = plt.subplots(figsize=(COLUMN, 2.5), layout="constrained")
        axis.loglog(frame["width"], frame["rmse_linearized"], ".", color=_COLOURS[0], alpha=0.5)
        means = frame.groupby("width")["rmse_linearized"].mean()
        axis.loglog(means.index, means, "s", color=_COLOURS[0], markersize=4, label="network from linearization")
        widths = np.array([frame["width"].min(), frame["width"].max()], float)
        label = f"slope {law.slope:.2f} ± {law.slope_error:.2f}"
        axis.loglog(widths, law.prefactor * widths**law.slope, color="black", linewidth=1, label=label)
        axis.set(xlabel="width", ylabel="RMS difference of test outputs")
        axis.set_xticks(sorted(set(frame["width"])), [str(width) for width in sorted(set(frame["width"]))])
        axis.minorticks_off()
        axis.legend()
    return figure


def through_training(found: Trajectories) -> Figure:
    """Losses, some test outputs and the change of some weights against the step: the widest network of the first seed.

    A colour is a loss (the legend says which), an output or a weight; solid is the network, dashed its linearization,
    dotted the closed form.
    """
    with plt.rc_context(STYLE):
        figure, axes = plt.subplots(1, 3, figsize=(PAGE, 2.4), layout="constrained")
        for kind, line in _LINES.items():
            of_losses = [losses(found.outputs, found.y, kind), losses(found.outputs_test, found.y_test, kind)]
            _curves(axes[0], found.steps, [values[-1, 0] for values in of_losses], line)
            place = KINDS.index(kind)
            _curves(axes[1], found.steps, found.outputs_test[-1, 0, place].T[:_SHOWN], line)
            weights = found.weights[-1, 0, place]
            _curves(axes[2], found.steps, (weights - weights[0]).T[:: max(1, weights.shape[1] // _SHOWN)], line)
        axes[0].set(title="loss", xlabel="step", yscale="log")
        axes[0].legend([plt.Line2D([], [], color=colour) for colour in _COLOURS[:2]], ["training", "test"])
        axes[1].set(title="outputs at test images", xlabel="step")
        axes[2].set(title="change of weights", xlabel="step")
        handles = [plt.Line2D([], [], color="black", linestyle=line) for line in _LINES.values()]
        legend_below(figure, handles, list(_LINES))
    return figure


def _curves(axis: Axes, steps: np.ndarray, curves: list[np.ndarray], line: str) -> None:
    for curve, colour in zip(curves[:_SHOWN], _COLOURS, strict=False):
        axis.plot(steps, curve, color=colour, linestyle=line, linewidth=1.2)
