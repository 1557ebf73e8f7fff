"""A power law is found, and asks for three positive pairs."""

import pytest

from lib.reporting.power_law import power_law


def test_a_power_law_is_found():
    fitted = power_law([1, 2, 4, 8], [3.0, 3 / 2**0.5, 1.5, 3 / 8**0.5])
    assert (fitted.slope, fitted.prefactor, fitted.slope_error) == pytest.approx((-0.5, 3.0, 0.0), abs=1e-9)
    for x, y in (([1, 2], [1.0, 2.0]), ([1, 2, 3], [1.0, 0.0, 1.0])):
        with pytest.raises(ValueError, match="three positive pairs"):
            power_law(x, y)
