"""Wide networks in numbers: differences and losses by hand, the fitted slope, the printed table."""

from dataclasses import replace

import numpy as np
import pytest

from lib.reporting import wide_networks
from tests.lib.files.test_trajectories import drawn


def like_a_power_law(found, slope=-0.5):
    """The network's test outputs differ from its linearization's by width^slope at every image and step."""
    outputs = found.outputs_test.astype(np.float64)
    outputs[:, :, 0] = outputs[:, :, 1] + found.widths[:, None, None, None] ** slope
    return replace(found, outputs_test=outputs)


def test_differences_and_losses_by_hand():
    found = drawn()
    frame = wide_networks.differences(found).set_index(["width", "seed"])
    network, linearized, closed = (found.outputs_test[1, 1, kind].astype(float) for kind in range(3))
    row = frame.loc[(32, 1)]
    assert row["rmse_linearized"] == pytest.approx(np.sqrt(((network - linearized) ** 2).mean()))
    assert row["rmse_closed_form"] == pytest.approx(np.sqrt(((network - closed) ** 2).mean()))
    assert row["loss_test"] == pytest.approx(((network[-1] - found.y_test) ** 2).mean() / 2)
    assert row["loss_linearized"] == pytest.approx(
        ((found.outputs[1, 1, 1, -1].astype(float) - found.y) ** 2).mean() / 2
    )


def test_the_slope_is_found_and_printed():
    frame = wide_networks.differences(like_a_power_law(drawn()))
    law = wide_networks.fitted(frame)
    assert (law.slope, law.prefactor) == pytest.approx((-0.5, 1.0))
    text = wide_networks.table(frame).markdown()
    assert "1 width^(-0.500), with a standard error of the exponent of 0.000" in text
    assert "| width 32 " in text and f"{32**-0.5:.4f} ± 0.0000" in text
