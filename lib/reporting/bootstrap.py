"""How much of a number is chance of which images were tested: the bootstrap over images (Efron and Tibshirani 1993).

A mean over n images is drawn anew by drawing n of them with replacement. Which images a resample holds depends on the
seed and on the set of images alone, so all numbers over one set are paired: the interval of a difference between two
models is that of the difference, not of two independent numbers.

ASSUME: percentile intervals, of test images alone; the papers print none, and no spread over seeds.
"""

from __future__ import annotations

import zlib
from dataclasses import dataclass

import numpy as np

LEVEL = 0.95
_HELD = 2**24  # drawn images held at a time


@dataclass(frozen=True)
class Bootstrap:
    """A number of resamples, drawn from a seed; level: the coverage of intervals, in (0, 1)."""

    resamples: int
    seed: int
    level: float = LEVEL

    def means(self, values: np.ndarray, images: str) -> np.ndarray:
        """Float64[m, b]: means of m numbers over each of b resamples of n images.

        values: [m, n], one per image, such as whether it was classified correctly. images: a name for the set of
        images. One name and n give the same resamples in every call. Raises ValueError for no image.
        """
        values = np.atleast_2d(np.asarray(values, dtype=np.float64))
        n = values.shape[1]
        if n == 0:
            raise ValueError(f"no image of {images}: nothing to draw from, expected one at least")
        rng = np.random.default_rng([self.seed, zlib.crc32(images.encode())])
        found = np.empty((len(values), self.resamples))
        step = max(1, _HELD // n)
        for start in range(0, self.resamples, step):
            count = min(step, self.resamples - start)
            drawn = rng.integers(0, n, (count, n))
            found[:, start : start + count] = values @ _counts(drawn, n).T / n
        return found

    def interval(self, samples: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """`interval` at this level."""
        return interval(samples, self.level)


def interval(samples: np.ndarray, level: float = LEVEL) -> tuple[np.ndarray, np.ndarray]:
    """(low, high) of resampled numbers Float64[..., b]. NaN is left out; of NaN alone, NaN comes back."""
    tails = [50 * (1 - level), 50 * (1 + level)]
    known = np.isfinite(samples)
    if known.all():
        low, high = np.percentile(samples, tails, axis=-1)
        return low, high
    empty = ~known.any(-1)
    kept = np.where(empty[..., None], 0.0, np.where(known, samples, np.nan))
    low, high = np.nanpercentile(kept, tails, axis=-1)
    return np.where(empty, np.nan, low), np.where(empty, np.nan, high)


def ratio(numerator: np.ndarray, denominator: np.ndarray) -> np.ndarray:
    """Resampled ratios, NaN where the denominator is zero."""
    with np.errstate(divide="ignore", invalid="ignore"):
        found = numerator / denominator
    return np.where(denominator == 0, np.nan, found)


def _counts(drawn: np.ndarray, n: int) -> np.ndarray:
    """Float64[b, n]: how often each of n images is in each of b draws Int64[b, n]."""
    rows = np.arange(len(drawn))[:, None] * n
    return np.bincount((drawn + rows).ravel(), minlength=len(drawn) * n).reshape(len(drawn), n).astype(np.float64)
