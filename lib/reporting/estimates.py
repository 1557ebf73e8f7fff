"""A number with its resamples, and what may be claimed of differences between such numbers."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from lib.reporting.bootstrap import interval, ratio

HOLDS, FAILS, NOISE = "holds", "does not hold", "within noise"


@dataclass(frozen=True)
class Estimate:
    """values Float64[1 + b]: a number as measured, then its resamples; paired with those of the same bootstrap."""

    values: np.ndarray

    @classmethod
    def mean(cls, parts: Sequence[np.ndarray]) -> Estimate:
        """The mean of several numbers, such as those of several seeds."""
        return cls(np.mean(list(parts), axis=0))

    @property
    def value(self) -> float:
        return float(self.values[0])

    @property
    def interval(self) -> tuple[float, float]:
        """Low and high of the 95 % interval."""
        low, high = interval(self.values[1:])
        return float(low), float(high)

    def __sub__(self, other: Estimate) -> Estimate:
        return Estimate(self.values - other.values)

    def __neg__(self) -> Estimate:
        return Estimate(-self.values)

    def __truediv__(self, other: Estimate) -> Estimate:
        return Estimate(ratio(self.values, other.values))

    def __mul__(self, factor: float) -> Estimate:
        return Estimate(self.values * factor)


def verdict(margins: Sequence[Estimate]) -> str:
    """Of a claim that all margins are positive: `holds` if all intervals lie above zero, `does not hold` if one lies
    below, else `within noise`.
    """
    intervals = [margin.interval for margin in margins]
    if any(high < 0 for _, high in intervals):
        return FAILS
    return HOLDS if all(low > 0 for low, _ in intervals) else NOISE
