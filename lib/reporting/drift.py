"""How far the task vectors of a run move images' embeddings, and whether stored curvatures predict it, with intervals.

Drift of a task vector on a task: mean_x |J(x) tau|^2 over the task's images, J of the normalised embedding at theta_0;
predicted: tau^T G tau, G the task's curvature in the factors of K-FAC (Porrello et al. 2026).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property

import numpy as np
import pandas as pd
from scipy import stats

from lib.files.squared_lengths import SquaredLengths
from lib.reporting.bootstrap import Bootstrap, ratio
from lib.reporting.estimates import Estimate
from lib.reporting.labels import title
from lib.reporting.tables import PaperTable

CAPTION = (
    "Drift of task vectors: mean over images x of |J(x) tau|^2, J that of the normalised embedding at theta_0, on the "
    "other tasks' images and on the vector's own; beside tau^T G tau, by K-FAC's factors of G = E J^T J. n validation "
    "images, 95 % intervals over them"
)
FEWEST_PAIRS = 3  # that a rank correlation says something of


@dataclass(frozen=True)
class Drifts:
    """Of the t task vectors of a run on the images of their t tasks; axes (vector, task).

    exact: Float64[t, t, 1 + b], as measured, then its resamples. predicted: Float64[t, t]. norms: Float64[t], |tau|.
    images: of all tasks together. Pairs are those of a vector and another task.
    """

    model: str
    seed: int
    mode: str
    exact: np.ndarray
    predicted: np.ndarray
    norms: np.ndarray
    images: int

    @classmethod
    def of(cls, found: SquaredLengths, predicted: np.ndarray, norms: np.ndarray, bootstrap: Bootstrap) -> Drifts:
        """Resamples draw each task's images anew, the same ones for all vectors, modes, seeds and models."""
        parts = []
        for task, lengths in found.of.items():
            lengths = lengths.astype(np.float64)
            parts.append(np.column_stack([lengths.mean(1), bootstrap.means(lengths, f"{task} val")]))
        images = sum(lengths.shape[1] for lengths in found.of.values())
        return cls(found.model, found.seed, found.mode, np.stack(parts, axis=1), predicted, norms, images)

    @property
    def pairs(self) -> int:
        return int(self._others.sum())

    @property
    def others(self) -> Estimate:
        """The mean over pairs."""
        return Estimate(self.exact[self._others].mean(0))

    @property
    def own(self) -> Estimate:
        """The mean over task vectors, each on its own task."""
        return Estimate(self.exact[~self._others].mean(0))

    @property
    def ratio(self) -> float:
        """predicted / exact, the median over pairs."""
        return float(np.median(ratio(self.predicted, self.exact[..., 0])[self._others]))

    @cached_property
    def correlation(self) -> Estimate:
        """Spearman's, of prediction and exact value over pairs, in [-1, 1]; NaN for fewer than three pairs.

        Resampled over the images of the exact value: the curvatures stay as they are.
        """
        exact, predicted = self.exact[self._others], self.predicted[self._others]
        if self.pairs < FEWEST_PAIRS:
            return Estimate(np.full(exact.shape[1], np.nan))
        a, b = (stats.rankdata(values, axis=0) for values in (exact, predicted[:, None]))
        a, b = a - a.mean(0), b - b.mean(0)
        return Estimate(ratio((a * b).sum(0), np.sqrt((a**2).sum(0) * (b**2).sum(0))))

    @property
    def _others(self) -> np.ndarray:
        return ~np.eye(len(self.norms), dtype=bool)


def frame(found: Sequence[Drifts]) -> pd.DataFrame:
    """Rows (model, seed, mode, drift, drift_low, drift_high, own, own_low, own_high, norm, ratio, correlation, pairs,
    n).

    drift: on other tasks' images, own: on the vector's own task's, each a mean with its interval. n: images.
    """
    return pd.DataFrame([_row(one) for one in found])


def _row(one: Drifts) -> dict[str, object]:
    row = {"model": one.model, "seed": one.seed, "mode": one.mode}
    for name, estimate in (("drift", one.others), ("own", one.own)):
        low, high = estimate.interval
        row |= {name: estimate.value, f"{name}_low": low, f"{name}_high": high}
    row |= {"norm": one.norms.mean(), "ratio": one.ratio, "correlation": one.correlation.value}
    return row | {"pairs": one.pairs, "n": one.images}


def table(found: Sequence[Drifts]) -> PaperTable:
    """A row per model and mode; of several seeds the mean, and the interval of that mean."""
    of_seeds: dict[tuple[str, str], list[Drifts]] = {}
    for one in found:
        of_seeds.setdefault((one.model, one.mode), []).append(one)
    several = len({model for model, _ in of_seeds}) > 1
    names = [", ".join([*([model] if several else []), title(mode)]) for model, mode in of_seeds]
    heads = ["Other tasks", "95 %", "Own task", "Norm", "Predicted / exact", "Rank correlation", "Pairs", "n"]
    note = (
        "Other tasks: mean over all pairs of a task vector and another task; norm: mean of |tau|. Predicted / exact: "
        "median over these pairs; rank correlation: Spearman's over them, of prediction and exact value. Of several "
        "seeds the mean."
    )
    cells = [_cells(seeds) for seeds in of_seeds.values()]
    return PaperTable(CAPTION, [("", head) for head in heads], names, cells).with_notes([note])


def _cells(seeds: Sequence[Drifts]) -> list[str]:
    low, high = Estimate.mean([one.others.values for one in seeds]).interval
    others, own, norm, quotient, correlation = (
        float(np.mean(values))
        for values in zip(
            *((one.others.value, one.own.value, one.norms.mean(), one.ratio, one.correlation.value) for one in seeds),
            strict=True,
        )
    )
    rank = "-" if np.isnan(correlation) else f"{correlation:.2f}"
    numbers = [f"{others:.3g}", f"{low:.3g} to {high:.3g}", f"{own:.3g}", f"{norm:.3g}", f"{quotient:.2f}", rank]
    return [*numbers, str(seeds[0].pairs), str(seeds[0].images)]
