"""Power laws, fitted in logarithms."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from scipy import stats


@dataclass(frozen=True)
class PowerLaw:
    """y = prefactor * x^slope, fitted by least squares to logarithms. slope_error: the slope's standard error."""

    slope: float
    prefactor: float
    slope_error: float


def power_law(x: Sequence[float], y: Sequence[float]) -> PowerLaw:
    """The fit to positive x, such as widths, and y, such as errors; three of them at least. Raises ValueError."""
    if len(x) < 3 or min(*x, *y) <= 0:
        raise ValueError(f"a power law is fitted to three positive pairs at least, got x = {list(x)} and y = {list(y)}")
    fitted = stats.linregress(np.log(x), np.log(y))
    return PowerLaw(float(fitted.slope), float(np.exp(fitted.intercept)), float(fitted.stderr))
