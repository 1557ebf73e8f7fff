"""Figures of wide networks: seeds, means and the fit against width; three kinds of model in training."""

import matplotlib.pyplot as plt
import numpy as np
import pytest

from lib.reporting import wide_networks
from lib.reporting.figures.wide_networks import against_width, through_training
from tests.lib.files.test_trajectories import drawn
from tests.lib.reporting.test_wide_networks import like_a_power_law


@pytest.fixture(autouse=True)
def _closed():
    yield
    plt.close("all")


def test_the_fit_goes_through_the_means_and_its_slope_is_named():
    frame = wide_networks.differences(like_a_power_law(drawn()))
    (axis,) = against_width(frame, wide_networks.fitted(frame)).axes
    seeds, means, fit = axis.lines
    assert seeds.get_xdata().tolist() == [8, 8, 32, 32, 128, 128] and means.get_xdata().tolist() == [8, 32, 128]
    np.testing.assert_allclose(fit.get_ydata(), means.get_ydata()[[0, -1]])
    assert axis.get_xscale() == axis.get_yscale() == "log"
    assert axis.get_legend().texts[1].get_text() == "slope -0.50 ± 0.00"


def test_losses_outputs_and_weights_of_the_widest_network():
    found = drawn()
    losses, outputs, weights = through_training(found).axes
    assert [len(axis.lines) for axis in (losses, outputs, weights)] == [3 * 2, 3 * 3, 3 * 2]
    assert outputs.lines[0].get_ydata() == pytest.approx(found.outputs_test[-1, 0, 0, :, 0])
    assert outputs.lines[3].get_linestyle() == "--" and outputs.lines[6].get_linestyle() == ":"
    assert weights.lines[0].get_ydata()[0] == 0
    expected = ((found.outputs[-1, 0, 0].astype(float) - found.y) ** 2).mean(-1) / 2
    assert losses.lines[0].get_ydata() == pytest.approx(expected) and losses.get_yscale() == "log"
    told = losses.get_legend()
    colours = {text.get_text(): line.get_color() for text, line in zip(told.texts, told.get_lines(), strict=True)}
    assert colours == {"training": losses.lines[0].get_color(), "test": losses.lines[1].get_color()}
